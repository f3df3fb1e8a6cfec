#include "turngate/net/dial.hpp"

#include "turngate/core/bytes.hpp"
#include "turngate/core/id.hpp"

#include <boost/asio/as_tuple.hpp>
#include <boost/asio/ip/tcp.hpp>
#include <netinet/tcp.h>

#include <stdexcept>

namespace turngate::net {
namespace {

using Resolver = asio::ip::basic_resolver<asio::ip::tcp, Executor>;
using core::Fault;
using core::FaultCode;

constexpr HttpLimits kLimits;

Fault failed(error_code cause, const char* where)
{
    return {FaultCode::dial_failed, cause, where};
}

// Losing a connection that was never one, and an answer that is no HTTP, is a failed dial and never
// the client's fault; a stop or deadline stays what it is.
Fault as_dial(Fault fault)
{
    if (fault.code == FaultCode::upstream_lost || fault.code == FaultCode::invalid_request)
        return failed(fault.cause, fault.where);
    return fault;
}

// A resolution cannot be closed like a socket, so the deadline and the stop cancel it.
struct Resolution
{
    Resolver resolver;
    void cancel() { resolver.cancel(); }
};

Task<core::Result<asio::ip::tcp::resolver::results_type>> resolve(Loop& loop,
                                                                  const Url& url,
                                                                  core::Deadline deadline,
                                                                  Stop& stop)
{
    error_code no_address;
    const auto address = asio::ip::make_address(url.host, no_address);
    if (!no_address)
        co_return asio::ip::tcp::resolver::results_type::create(
            asio::ip::tcp::endpoint(address, url.port), url.host, std::to_string(url.port));

    Resolution resolution{Resolver(loop.context())};
    const Stop::Slot<Resolution, &Resolution::cancel> slot(stop, resolution);
    const auto expired = std::make_shared<Resolution*>(&resolution);
    Timer timer(loop.context());
    timer.expires_at(deadline);
    timer.async_wait([expired](error_code error) {
        if (!error && *expired)
            (*expired)->cancel();
    });
    const std::string service = std::to_string(url.port);
    const auto [error, found] =
        co_await resolution.resolver.async_resolve(url.host, service, asio::as_tuple(use_task));
    *expired = nullptr;
    if (stop.requested())
        co_return stop.reason();
    if (error == asio::error::operation_aborted)
        co_return Fault{FaultCode::upstream_timeout, error, "resolve"};
    if (error)
        co_return failed(error, "resolve");
    co_return found;
}

// One attempt. Non-blocking connect, then wait for writability: the same deadline and stop as
// everything else.
Task<core::Result<Stream>> connect_to(Loop& loop,
                                      const asio::ip::tcp::endpoint& endpoint,
                                      core::Deadline deadline,
                                      Stop& stop)
{
    Socket socket(loop.context());
    error_code error;
    socket.open(asio::generic::stream_protocol(endpoint.protocol()), error);
    if (error)
        co_return failed(error, "socket");
    const int on = 1;
    ::setsockopt(socket.native_handle(), IPPROTO_TCP, TCP_NODELAY, &on, sizeof on);
    Stream stream(std::move(socket));
    const int fd = stream.socket().native_handle();
    if (::connect(fd, endpoint.data(), static_cast<socklen_t>(endpoint.size())) != 0 &&
        errno != EINPROGRESS)
        co_return failed({errno, boost::system::system_category()}, "connect");
    const auto writable = co_await stream.writable(deadline, &stop);
    if (!writable)
        co_return as_dial(writable.error());
    int result = 0;
    socklen_t size = sizeof result;
    ::getsockopt(fd, SOL_SOCKET, SO_ERROR, &result, &size);
    if (result != 0)
        co_return failed({result, boost::system::system_category()}, "connect");
    co_return stream;
}

Task<core::Result<Stream>> connect(Loop& loop, const Url& url, core::Deadline deadline, Stop& stop)
{
    const auto found = co_await resolve(loop, url, deadline, stop);
    if (!found)
        co_return found.error();
    core::Result<Stream> last = failed(asio::error::host_not_found, "resolve");
    for (const auto& entry : *found) {
        last = co_await connect_to(loop, entry.endpoint(), deadline, stop);
        if (last || stop.requested())
            break;
    }
    co_return last;
}

Task<core::Result<>> http_connect(
    Stream& stream, const Url& proxy, const Url& to, core::Deadline deadline, Stop& stop)
{
    const bool is_v6 = to.host.find(':') != std::string::npos;
    const std::string authority =
        (is_v6 ? "[" + to.host + "]" : to.host) + ":" + std::to_string(to.port);
    std::string request = "CONNECT " + authority + " HTTP/1.1\r\nhost: " + authority + "\r\n";
    if (!proxy.user.empty())
        request += "proxy-authorization: Basic " +
                   core::to_base64(proxy.user + ":" + proxy.password) + "\r\n";
    request += "\r\n";
    const auto sent = co_await stream.write_all(request, deadline, &stop);
    if (!sent)
        co_return as_dial(sent.error());
    // The tunnel's first bytes must not be swallowed: read the head byte-exactly.
    std::string head;
    while (!head.ends_with("\r\n\r\n")) {
        char byte;
        const auto read = co_await stream.read_some({&byte, 1}, deadline, &stop);
        if (!read)
            co_return as_dial(read.error());
        head.push_back(byte);
        if (head.size() > 8192)
            co_return failed(asio::error::message_size, "proxy");
    }
    if (!head.starts_with("HTTP/1.") || head.size() < 12 || head.substr(9, 1) != "2")
        co_return failed(asio::error::connection_refused, "proxy");
    co_return core::Result<>();
}

Task<core::Result<std::string>> read_exactly(Stream& stream,
                                             std::size_t size,
                                             core::Deadline deadline,
                                             Stop& stop)
{
    std::string bytes(size, '\0');
    for (std::size_t got = 0; got < size;) {
        const auto read = co_await stream.read_some(std::span(bytes).subspan(got), deadline, &stop);
        if (!read)
            co_return as_dial(read.error());
        got += *read;
    }
    co_return bytes;
}

std::string socks_address(const Url& to, const asio::ip::address* resolved)
{
    std::string bytes;
    if (!resolved) {
        bytes.push_back(3);
        bytes.push_back(static_cast<char>(to.host.size()));
        bytes += to.host;
    } else if (resolved->is_v4()) {
        const auto raw = resolved->to_v4().to_bytes();
        bytes.push_back(1);
        bytes.append(raw.begin(), raw.end());
    } else {
        const auto raw = resolved->to_v6().to_bytes();
        bytes.push_back(4);
        bytes.append(raw.begin(), raw.end());
    }
    bytes.push_back(static_cast<char>(to.port >> 8));
    bytes.push_back(static_cast<char>(to.port & 0xff));
    return bytes;
}

// RFC 1928, with user and password of RFC 1929 if the URL has them.
Task<core::Result<>> socks5(Loop& loop,
                            Stream& stream,
                            const Url& proxy,
                            const Url& to,
                            core::Deadline deadline,
                            Stop& stop)
{
    if (to.host.size() > 255 || proxy.user.size() > 255 || proxy.password.size() > 255)
        co_return failed(asio::error::invalid_argument, "proxy");
    std::optional<asio::ip::address> resolved;
    error_code no_address;
    if (const auto address = asio::ip::make_address(to.host, no_address); !no_address)
        resolved = address;
    if (!resolved && proxy.scheme == "socks5") {
        const auto found = co_await resolve(loop, to, deadline, stop);
        if (!found)
            co_return found.error();
        resolved = found->begin()->endpoint().address();
    }

    const bool has_user = !proxy.user.empty();
    const std::string greeting =
        has_user ? std::string("\x05\x01\x02", 3) : std::string("\x05\x01\x00", 3);
    const auto greeted = co_await stream.write_all(greeting, deadline, &stop);
    if (!greeted)
        co_return as_dial(greeted.error());
    const auto method = co_await read_exactly(stream, 2, deadline, stop);
    if (!method)
        co_return method.error();
    if (*method != (has_user ? std::string("\x05\x02", 2) : std::string("\x05\x00", 2)))
        co_return failed(asio::error::access_denied, "proxy");
    if (has_user) {
        std::string login("\x01", 1);
        login += static_cast<char>(proxy.user.size()) + proxy.user;
        login += static_cast<char>(proxy.password.size()) + proxy.password;
        const auto sent = co_await stream.write_all(login, deadline, &stop);
        if (!sent)
            co_return as_dial(sent.error());
        const auto verdict = co_await read_exactly(stream, 2, deadline, stop);
        if (!verdict)
            co_return verdict.error();
        if ((*verdict)[1] != 0)
            co_return failed(asio::error::access_denied, "proxy");
    }

    const std::string request =
        std::string("\x05\x01\x00", 3) + socks_address(to, resolved ? &*resolved : nullptr);
    const auto sent = co_await stream.write_all(request, deadline, &stop);
    if (!sent)
        co_return as_dial(sent.error());
    const auto head = co_await read_exactly(stream, 5, deadline, stop);
    if (!head)
        co_return head.error();
    if ((*head)[1] != 0)
        co_return failed(asio::error::connection_refused, "proxy");
    // The bound address: its first byte is read already; then the rest of it and the port.
    const auto kind = (*head)[3];
    const std::size_t rest = kind == 1   ? 3
                             : kind == 4 ? 15
                                         : static_cast<unsigned char>((*head)[4]);
    const auto bound = co_await read_exactly(stream, rest + 2, deadline, stop);
    if (!bound)
        co_return bound.error();
    co_return core::Result<>();
}

std::string upgrade_request(const DialTarget& target, const std::string& key)
{
    std::string request =
        "GET " + target.url.path + " HTTP/1.1\r\nhost: " + target.url.authority() +
        "\r\nconnection: Upgrade\r\nupgrade: websocket\r\nsec-websocket-version: 13\r\n"
        "sec-websocket-key: " +
        key + "\r\n";
    for (const auto& [name, value] : target.headers)
        request.append(name).append(": ").append(value).append("\r\n");
    request += "\r\n";
    return request;
}

class NetworkDialer final : public Dialer
{
public:
    explicit NetworkDialer(std::shared_ptr<const TlsContext> tls) : tls_(std::move(tls)) {}

    Task<boost::system::result<Dialed, DialFault>> dial(Loop& loop,
                                                        DialTarget target,
                                                        core::Deadline deadline,
                                                        Stop& stop) override
    {
        if (stop.requested())
            co_return DialFault{stop.reason(), {}};
        const Url& first = target.proxy ? *target.proxy : target.url;
        auto stream = co_await connect(loop, first, deadline, stop);
        if (!stream)
            co_return DialFault{stream.error(), {}};
        if (target.proxy) {
            const auto passed = co_await through_proxy(loop, *stream, target, deadline, stop);
            if (!passed)
                co_return DialFault{passed.error(), {}};
        }
        if (target.url.is_tls()) {
            const auto secure = co_await stream->start_tls(*tls_, target.url.host, deadline, &stop);
            if (!secure)
                co_return DialFault{as_dial(secure.error()), {}};
        }
        co_return co_await upgrade(std::move(*stream), target, deadline, stop);
    }

private:
    static Task<core::Result<>> through_proxy(
        Loop& loop, Stream& stream, const DialTarget& target, core::Deadline deadline, Stop& stop)
    {
        if (target.proxy->scheme == "http")
            co_return co_await http_connect(stream, *target.proxy, target.url, deadline, stop);
        co_return co_await socks5(loop, stream, *target.proxy, target.url, deadline, stop);
    }

    static Task<boost::system::result<Dialed, DialFault>> upgrade(Stream stream,
                                                                  const DialTarget& target,
                                                                  core::Deadline deadline,
                                                                  Stop& stop)
    {
        std::array<std::uint8_t, 16> nonce;
        core::random_bytes(nonce);
        const std::string key =
            core::to_base64({reinterpret_cast<const char*>(nonce.data()), nonce.size()});
        const std::string request = upgrade_request(target, key);
        const auto sent = co_await stream.write_all(request, deadline, &stop);
        if (!sent)
            co_return DialFault{as_dial(sent.error()), {}};
        auto response = co_await read_response(stream, kLimits, deadline, &stop);
        if (!response)
            co_return DialFault{as_dial(response.error()), {}};
        if (response->status != 101)
            co_return DialFault{{FaultCode::dial_refused, {}, "upgrade", response->status},
                                std::move(*response)};
        if (response->headers.get("sec-websocket-accept") != websocket_accept(key) ||
            response->headers.has("sec-websocket-extensions"))
            co_return DialFault{failed(asio::error::invalid_argument, "upgrade"), {}};
        co_return Dialed{
            std::move(stream), std::move(response->headers), std::move(response->leftover)};
    }

    std::shared_ptr<const TlsContext> tls_;
};

} // namespace

std::unique_ptr<Dialer> make_dialer(std::shared_ptr<const TlsContext> tls)
{
    return std::make_unique<NetworkDialer>(std::move(tls));
}

void throw_exception_from_error(const DialFault& fault, const boost::source_location& at)
{
    core::throw_exception_from_error(fault.fault, at);
}

} // namespace turngate::net
