#include "turngate/net/listener.hpp"

#include "turngate/telemetry/log.hpp"

#include <boost/asio/as_tuple.hpp>
#include <boost/asio/basic_socket_acceptor.hpp>
#include <boost/asio/ip/tcp.hpp>
#include <boost/asio/local/stream_protocol.hpp>
#include <netinet/tcp.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <unistd.h>

#include <algorithm>
#include <stdexcept>

namespace turngate::net {
namespace {

using boost::system::result;
using Protocol = asio::generic::stream_protocol;

constexpr std::string_view kUnix = "unix:";

constexpr int kBacklog = 4096;
constexpr auto kPause = std::chrono::milliseconds(100);
constexpr auto kWarnEvery = std::chrono::seconds(5);

[[noreturn]] void fail(const std::string& address, const error_code& error)
{
    throw std::runtime_error("cannot listen on " + address + ": " + error.message());
}

error_code last_error()
{
    return {errno, boost::system::system_category()};
}

result<int> open_socket(const Protocol::endpoint& endpoint, bool reuse_port)
{
    const int fd =
        ::socket(endpoint.protocol().family(), SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
    if (fd < 0)
        return last_error();
    const int on = 1;
    ::setsockopt(fd, SOL_SOCKET, SO_REUSEADDR, &on, sizeof on);
    if (reuse_port)
        ::setsockopt(fd, SOL_SOCKET, SO_REUSEPORT, &on, sizeof on);
    if (::bind(fd, endpoint.data(), static_cast<socklen_t>(endpoint.size())) != 0 ||
        ::listen(fd, kBacklog) != 0) {
        const error_code error = last_error();
        ::close(fd);
        return error;
    }
    return fd;
}

// A socket file that nobody listens on is left over from a killed process.
void remove_stale(const std::string& path)
{
    struct stat info{};
    if (::lstat(path.c_str(), &info) != 0 || !S_ISSOCK(info.st_mode))
        return;
    const int fd = ::socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
    const asio::local::stream_protocol::endpoint endpoint(path);
    const bool is_alive =
        ::connect(fd, endpoint.data(), static_cast<socklen_t>(endpoint.size())) == 0;
    ::close(fd);
    if (!is_alive)
        ::unlink(path.c_str());
}

// In the resolver's order, each once.
std::vector<asio::ip::tcp::endpoint> resolve(const std::string& address)
{
    const auto colon = address.rfind(':');
    if (colon == std::string::npos)
        throw std::runtime_error("cannot listen on " + address + ": no port");
    std::string host = address.substr(0, colon);
    if (host.size() >= 2 && host.front() == '[' && host.back() == ']')
        host = host.substr(1, host.size() - 2);
    if (host.empty() || host == "*")
        host = "0.0.0.0";
    asio::io_context context;
    asio::ip::tcp::resolver resolver(context);
    error_code error;
    const auto found =
        resolver.resolve(host, address.substr(colon + 1), asio::ip::tcp::resolver::passive, error);
    if (error || found.empty())
        fail(address, error);
    std::vector<asio::ip::tcp::endpoint> endpoints;
    for (const auto& entry : found)
        if (std::find(endpoints.begin(), endpoints.end(), entry.endpoint()) == endpoints.end())
            endpoints.push_back(entry.endpoint());
    return endpoints;
}

std::string text_of(const asio::ip::tcp::endpoint& endpoint)
{
    const std::string host = endpoint.address().to_string();
    return (endpoint.address().is_v6() ? "[" + host + "]" : host) + ":" +
           std::to_string(endpoint.port());
}

// One descriptor for each loop, all on the port that the first one has got.
result<ListenSocket> listen_at(asio::ip::tcp::endpoint& endpoint, unsigned loops)
{
    ListenSocket listening;
    for (unsigned i = 0; i < loops; ++i) {
        const auto fd = open_socket(endpoint, true);
        if (!fd) {
            for (const int open : listening.descriptors)
                ::close(open);
            return fd.error();
        }
        listening.descriptors.push_back(*fd);
        if (endpoint.port() == 0) {
            socklen_t size = static_cast<socklen_t>(endpoint.capacity());
            ::getsockname(*fd, endpoint.data(), &size);
        }
    }
    listening.address = text_of(endpoint);
    return listening;
}

ListenSocket listen_on_path(const std::string& address)
{
    const std::string path = address.substr(kUnix.size());
    if (path.size() >= sizeof(sockaddr_un::sun_path))
        throw std::runtime_error("cannot listen on " + address + ": the path is too long");
    remove_stale(path);
    const auto fd = open_socket(asio::local::stream_protocol::endpoint(path), false);
    if (!fd)
        fail(address, fd.error());
    return {address, {*fd}, true};
}

// A name may have an address of a family that this machine does not speak, or of another machine.
bool is_elsewhere(const error_code& error)
{
    return error == boost::system::errc::address_not_available ||
           error == boost::system::errc::address_family_not_supported;
}

std::string peer_of(const Protocol::endpoint& endpoint)
{
    if (endpoint.protocol().family() == AF_UNIX || endpoint.size() == 0)
        return "unix";
    asio::ip::tcp::endpoint tcp;
    tcp.resize(endpoint.size());
    std::memcpy(tcp.data(), endpoint.data(), endpoint.size());
    const auto address = tcp.address();
    if (address.is_v6() && address.to_v6().is_v4_mapped())
        return asio::ip::make_address_v4(asio::ip::v4_mapped, address.to_v6()).to_string();
    return address.to_string();
}

} // namespace

std::vector<ListenSocket> listen_on_all(const std::string& address, unsigned loops)
{
    if (address.starts_with(kUnix))
        return {listen_on_path(address)};
    std::vector<ListenSocket> sockets;
    std::uint16_t port = 0; // a free one must be the same for all
    error_code error;
    for (auto endpoint : resolve(address)) {
        if (endpoint.port() == 0)
            endpoint.port(port);
        auto socket = listen_at(endpoint, loops);
        if (socket) {
            port = endpoint.port();
            sockets.push_back(std::move(*socket));
            continue;
        }
        error = socket.error();
        if (!is_elsewhere(error))
            fail(address, error);
        telemetry::log_debug("not listening",
                             {{"address", text_of(endpoint)}, {"error", error.message()}});
    }
    if (sockets.empty())
        fail(address, error);
    return sockets;
}

ListenSocket listen_on(const std::string& address, unsigned loops)
{
    if (address.starts_with(kUnix))
        return listen_on_path(address);
    auto endpoint = resolve(address).front();
    auto socket = listen_at(endpoint, loops);
    if (!socket)
        fail(address, socket.error());
    return std::move(*socket);
}

struct Acceptor::Parts
{
    asio::basic_socket_acceptor<Protocol, Executor> acceptor;
};

Acceptor::Acceptor(Loop& loop, int descriptor, OnAccept on_accept, int below)
    : loop_(loop), on_accept_(std::move(on_accept)), below_(below)
{
    sockaddr_storage address{};
    socklen_t size = sizeof address;
    ::getsockname(descriptor, reinterpret_cast<sockaddr*>(&address), &size);
    const Protocol protocol(address.ss_family, address.ss_family == AF_UNIX ? 0 : IPPROTO_TCP);
    parts_ = std::make_unique<Parts>(
        asio::basic_socket_acceptor<Protocol, Executor>(loop.context(), protocol, descriptor));
}

Acceptor::~Acceptor() = default;

Task<> Acceptor::run()
{
    while (parts_->acceptor.is_open()) {
        Socket socket(loop_.context());
        Protocol::endpoint peer;
        const auto [error] =
            co_await parts_->acceptor.async_accept(socket, peer, asio::as_tuple(use_task));
        if (error == asio::error::operation_aborted)
            co_return;
        // The kernel gives the lowest number that is free: this one says that all below are taken.
        const bool is_reserved = !error && socket.native_handle() >= below_;
        if (error || is_reserved) {
            socket = Socket(loop_.context()); // closes it
            co_await pause(is_reserved ? "no descriptors to spare" : error.message());
            continue;
        }
        if (peer.protocol().family() != AF_UNIX) {
            const int on = 1;
            ::setsockopt(socket.native_handle(), IPPROTO_TCP, TCP_NODELAY, &on, sizeof on);
        }
        on_accept_(std::move(socket), peer_of(peer));
    }
}

// Out of descriptors or memory: what is there must be served, and new ones wait in the backlog.
Task<> Acceptor::pause(std::string why)
{
    const auto now = core::Clock::now();
    if (now - warned_ > kWarnEvery) {
        telemetry::log_warn("accept failed", {{"error", why}});
        warned_ = now;
    }
    Timer pause(loop_.context());
    pause.expires_after(kPause);
    co_await pause.async_wait(asio::as_tuple(use_task));
}

void Acceptor::close() noexcept
{
    error_code ignored;
    parts_->acceptor.close(ignored);
}

} // namespace turngate::net
