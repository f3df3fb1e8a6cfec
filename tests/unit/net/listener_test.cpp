#include "fakes/raw_peer.hpp"
#include "fakes/run.hpp"

#include "turngate/net/listener.hpp"
#include "turngate/net/task_group.hpp"

#include <gtest/gtest.h>

#include <arpa/inet.h>
#include <netdb.h>
#include <netinet/in.h>

#include <fstream>
#include <set>

namespace turngate::net::test {
namespace {

// The addresses of a name, as the system knows them, that one can bind to here.
std::set<std::string> addresses_of(const char* name)
{
    addrinfo hints{};
    hints.ai_socktype = SOCK_STREAM;
    addrinfo* found = nullptr;
    std::set<std::string> addresses;
    if (::getaddrinfo(name, nullptr, &hints, &found) != 0)
        return addresses;
    for (const addrinfo* entry = found; entry; entry = entry->ai_next) {
        const int fd = ::socket(entry->ai_family, SOCK_STREAM, 0);
        char text[NI_MAXHOST];
        if (fd >= 0 && ::bind(fd, entry->ai_addr, entry->ai_addrlen) == 0 &&
            ::getnameinfo(
                entry->ai_addr, entry->ai_addrlen, text, sizeof text, nullptr, 0, NI_NUMERICHOST) ==
                0)
            addresses.insert(entry->ai_family == AF_INET6 ? "[" + std::string(text) + "]" : text);
        ::close(fd);
    }
    ::freeaddrinfo(found);
    return addresses;
}

void close_all(const std::vector<ListenSocket>& sockets)
{
    for (const ListenSocket& socket : sockets)
        for (const int descriptor : socket.descriptors)
            ::close(descriptor);
}

TEST(Listening, CoversAllAddressesOfAName)
{
    const auto sockets = listen_on_all("localhost:0", 2);
    std::set<std::string> hosts, ports;
    for (const ListenSocket& socket : sockets) {
        EXPECT_EQ(socket.descriptors.size(), 2u);
        const auto colon = socket.address.rfind(':');
        hosts.insert(socket.address.substr(0, colon));
        ports.insert(socket.address.substr(colon + 1));
    }
    EXPECT_EQ(hosts, addresses_of("localhost"));
    EXPECT_EQ(ports.size(), 1u); // the same one, where any will do
    close_all(sockets);
}

TEST(Listening, TellsTheAddressThatCannotBeHad)
{
    const auto taken = listen_on("127.0.0.1:0", 1);
    // Not with SO_REUSEPORT's blessing: that is for sockets which all ask for it.
    const int other = ::socket(AF_INET, SOCK_STREAM, 0);
    sockaddr_in any{};
    any.sin_family = AF_INET;
    any.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    ASSERT_EQ(::bind(other, reinterpret_cast<const sockaddr*>(&any), sizeof any), 0);
    socklen_t size = sizeof any;
    ::getsockname(other, reinterpret_cast<sockaddr*>(&any), &size);
    ::listen(other, 1);
    const std::string port = std::to_string(ntohs(any.sin_port));
    for (const std::string& address :
         {"127.0.0.1:" + port, "localhost:" + port, std::string("192.0.2.1:0")}) {
        try {
            close_all(listen_on_all(address, 1));
            ADD_FAILURE() << address;
        } catch (const std::runtime_error& error) {
            EXPECT_NE(std::string(error.what()).find(address), std::string::npos) << error.what();
        }
    }
    ::close(other);
    ::close(taken.descriptors.front());
}

class Accepting
{
public:
    explicit Accepting(int below)
        : acceptor_(
              loop_,
              listening_.descriptors.front(),
              [this](Socket, const std::string&) { ++accepted; },
              below)
    {
        tasks_.spawn("acceptor", acceptor_.run());
    }
    ~Accepting()
    {
        acceptor_.close();
        fakes::run(loop_, tasks_.join());
    }

    fakes::RawPeer connect()
    {
        const int fd = ::socket(AF_INET, SOCK_STREAM, 0);
        sockaddr_in address{};
        address.sin_family = AF_INET;
        address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
        const auto colon = listening_.address.rfind(':');
        address.sin_port =
            htons(static_cast<std::uint16_t>(std::stoi(listening_.address.substr(colon + 1))));
        if (::connect(fd, reinterpret_cast<const sockaddr*>(&address), sizeof address) != 0)
            throw std::runtime_error("connect");
        return fakes::RawPeer(fd);
    }
    void until(const std::function<bool()>& is_so) { fakes::until(loop_, is_so); }

    int accepted = 0;

private:
    Loop loop_{0};
    TaskGroup tasks_{loop_};
    ListenSocket listening_ = listen_on("127.0.0.1:0", 1);
    Acceptor acceptor_;
};

TEST(Accepting, LeavesTheReserveToOthers)
{
    Accepting test(3); // all below are taken: stdin, stdout, stderr
    auto peer = test.connect();
    test.until([&] { return peer.is_ended(); });
    EXPECT_EQ(test.accepted, 0);
}

TEST(Accepting, TakesWhatIsBelowIt)
{
    Accepting test(1 << 20);
    auto peer = test.connect();
    test.until([&] { return test.accepted == 1; });
}

TEST(Accepting, GoesOnWhenThereIsRoomAgain)
{
    // The lowest free number: what is accepted now gets it, or the one behind the peer's.
    const int lowest = ::dup(0);
    ::close(lowest);
    std::vector<int> fillers;
    while (fillers.empty() || fillers.back() < lowest + 40)
        fillers.push_back(::dup(0));
    Accepting test(lowest + 41);
    auto first = test.connect();
    test.until([&] { return first.is_ended(); });
    EXPECT_EQ(test.accepted, 0);
    for (const int filler : fillers)
        ::close(filler);
    auto second = test.connect();
    test.until([&] { return test.accepted == 1; });
}

} // namespace
} // namespace turngate::net::test
