#include "port.hpp"

#include "interrupt.hpp"

#include <arpa/inet.h>
#include <netinet/in.h>
#include <sys/socket.h>
#include <unistd.h>

#include <cerrno>
#include <chrono>
#include <fstream>
#include <sstream>
#include <stdexcept>
#include <system_error>

namespace turngate::bench {
namespace {

constexpr std::chrono::seconds kStartTimeout(15);
constexpr std::size_t kLogTail = 2000;

class TcpSocket
{
public:
    TcpSocket() : fd_(::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0))
    {
        if (fd_ < 0)
            throw std::system_error(errno, std::system_category(), "socket");
    }
    ~TcpSocket() { ::close(fd_); }
    TcpSocket(const TcpSocket&) = delete;
    TcpSocket& operator=(const TcpSocket&) = delete;

    int fd() const noexcept { return fd_; }

private:
    int fd_;
};

sockaddr_in loopback(std::uint16_t port)
{
    sockaddr_in address{};
    address.sin_family = AF_INET;
    address.sin_port = htons(port);
    address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    return address;
}

bool is_open(std::uint16_t port)
{
    const TcpSocket socket;
    const sockaddr_in address = loopback(port);
    return ::connect(socket.fd(), reinterpret_cast<const sockaddr*>(&address), sizeof address) == 0;
}

std::string tail_of(const std::filesystem::path& log)
{
    std::ifstream file(log);
    std::ostringstream text;
    text << file.rdbuf();
    const std::string all = text.str();
    return all.substr(all.size() > kLogTail ? all.size() - kLogTail : 0);
}

} // namespace

std::uint16_t free_port()
{
    const TcpSocket socket;
    sockaddr_in address = loopback(0);
    socklen_t size = sizeof address;
    if (::bind(socket.fd(), reinterpret_cast<const sockaddr*>(&address), sizeof address) != 0 ||
        ::getsockname(socket.fd(), reinterpret_cast<sockaddr*>(&address), &size) != 0)
        throw std::system_error(errno, std::system_category(), "bind");
    return ntohs(address.sin_port);
}

void wait_until_open(std::uint16_t port, ChildProcess& program, const std::filesystem::path& log)
{
    const auto deadline = std::chrono::steady_clock::now() + kStartTimeout;
    while (!is_open(port)) {
        if (program.has_ended() || is_interrupted() || std::chrono::steady_clock::now() > deadline)
            throw std::runtime_error("it did not start:\n" + tail_of(log));
        rest(std::chrono::milliseconds(5));
    }
}

} // namespace turngate::bench
