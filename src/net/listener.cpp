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

#include <stdexcept>

namespace turngate::net {
namespace {

using Protocol = asio::generic::stream_protocol;

constexpr int kBacklog = 4096;

[[noreturn]] void fail(const std::string& address, const error_code& error)
{
    throw std::runtime_error("cannot listen on " + address + ": " + error.message());
}

error_code last_error()
{
    return {errno, boost::system::system_category()};
}

int open_socket(const std::string& address, const Protocol::endpoint& endpoint, bool reuse_port)
{
    const int fd =
        ::socket(endpoint.protocol().family(), SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
    if (fd < 0)
        fail(address, last_error());
    const int on = 1;
    ::setsockopt(fd, SOL_SOCKET, SO_REUSEADDR, &on, sizeof on);
    if (reuse_port)
        ::setsockopt(fd, SOL_SOCKET, SO_REUSEPORT, &on, sizeof on);
    if (::bind(fd, endpoint.data(), static_cast<socklen_t>(endpoint.size())) != 0 ||
        ::listen(fd, kBacklog) != 0) {
        const error_code error = last_error();
        ::close(fd);
        fail(address, error);
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

asio::ip::tcp::endpoint resolve(const std::string& address)
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
    return found.begin()->endpoint();
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

ListenSocket listen_on(const std::string& address, unsigned loops)
{
    ListenSocket listening;
    if (address.starts_with("unix:")) {
        const std::string path = address.substr(5);
        if (path.size() >= sizeof(sockaddr_un::sun_path))
            throw std::runtime_error("cannot listen on " + address + ": the path is too long");
        remove_stale(path);
        listening.address = address;
        listening.is_unix = true;
        listening.descriptors.push_back(
            open_socket(address, asio::local::stream_protocol::endpoint(path), false));
        return listening;
    }
    auto endpoint = resolve(address);
    for (unsigned i = 0; i < loops; ++i) {
        const int fd = open_socket(address, endpoint, true);
        listening.descriptors.push_back(fd);
        if (endpoint.port() == 0) {
            socklen_t size = static_cast<socklen_t>(endpoint.capacity());
            ::getsockname(fd, endpoint.data(), &size);
        }
    }
    const std::string host = endpoint.address().to_string();
    listening.address = (endpoint.address().is_v6() ? "[" + host + "]" : host) + ":" +
                        std::to_string(endpoint.port());
    return listening;
}

struct Acceptor::Parts
{
    asio::basic_socket_acceptor<Protocol, Executor> acceptor;
};

Acceptor::Acceptor(Loop& loop, int descriptor, OnAccept on_accept)
    : loop_(loop), on_accept_(std::move(on_accept))
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
    Timer pause(loop_.context());
    while (parts_->acceptor.is_open()) {
        Socket socket(loop_.context());
        Protocol::endpoint peer;
        const auto [error] =
            co_await parts_->acceptor.async_accept(socket, peer, asio::as_tuple(use_task));
        if (error == asio::error::operation_aborted)
            co_return;
        if (error) {
            // Out of descriptors or memory: what is there must be served, and new ones wait in the
            // backlog.
            telemetry::log_warn("accept failed", {{"error", error.message()}});
            pause.expires_after(std::chrono::milliseconds(100));
            co_await pause.async_wait(asio::as_tuple(use_task));
            continue;
        }
        if (peer.protocol().family() != AF_UNIX) {
            const int on = 1;
            ::setsockopt(socket.native_handle(), IPPROTO_TCP, TCP_NODELAY, &on, sizeof on);
        }
        on_accept_(std::move(socket), peer_of(peer));
    }
}

void Acceptor::close() noexcept
{
    error_code ignored;
    parts_->acceptor.close(ignored);
}

} // namespace turngate::net
