#include "proxy.hpp"

#include "causes.hpp"
#include "names.hpp"

#include "turngate/core/bytes.hpp"

#include <boost/asio/error.hpp>

#include <algorithm>

namespace turngate::net {
namespace {

using std::string_literals::operator""s;

constexpr std::size_t kMaxHead = 8192;

// One stream, one deadline, one stop: what all steps of a conversation with a proxy share.
struct Conversation
{
    Stream& stream;
    core::Deadline deadline;
    Stop& stop;

    Task<core::Result<>> say(std::string_view bytes)
    {
        const auto sent = co_await stream.write_all(bytes, deadline, &stop);
        if (!sent)
            co_return as_dial(sent.error());
        co_return core::Result<>();
    }

    Task<core::Result<std::string>> hear(std::size_t size)
    {
        std::string bytes(size, '\0');
        for (std::size_t got = 0; got < size;) {
            const auto rest = std::span(bytes).subspan(got);
            const auto read = co_await stream.read_some(rest, deadline, &stop);
            if (!read)
                co_return as_dial(read.error());
            got += *read;
        }
        co_return bytes;
    }
};

std::string connect_request(const Url& proxy, const Url& to)
{
    const bool is_v6 = to.host.find(':') != std::string::npos;
    const std::string authority =
        (is_v6 ? "[" + to.host + "]" : to.host) + ":" + std::to_string(to.port);
    std::string request = "CONNECT " + authority + " HTTP/1.1\r\nhost: " + authority + "\r\n";
    if (!proxy.user.empty())
        request += "proxy-authorization: Basic " +
                   core::to_base64(proxy.user + ":" + proxy.password) + "\r\n";
    return request + "\r\n";
}

// Of "HTTP/1.1 200 …"; 0 if it is none.
int status_of(std::string_view head)
{
    int status = 0;
    if (head.starts_with("HTTP/1.") && head.size() > 12)
        std::from_chars(head.data() + 9, head.data() + 12, status);
    return status;
}

Task<core::Result<>> http_connect(Conversation with, const Url& proxy, const Url& to)
{
    const std::string request = connect_request(proxy, to);
    const auto sent = co_await with.say(request);
    if (!sent)
        co_return sent.error();
    // Byte by byte: what comes right behind the head is the tunnel's.
    std::string head;
    while (!head.ends_with("\r\n\r\n")) {
        const auto byte = co_await with.hear(1);
        if (!byte)
            co_return byte.error();
        head += *byte;
        if (head.size() > kMaxHead)
            co_return dial_fault(asio::error::message_size, "proxy");
    }
    const int status = status_of(head);
    if (status / 100 == 2)
        co_return core::Result<>();
    co_return dial_fault(status == 0 ? error_code(asio::error::invalid_argument)
                                     : http_proxy_cause(status),
                         "proxy");
}

std::string socks_address(const Url& to, const std::optional<asio::ip::address>& resolved)
{
    std::string bytes;
    if (!resolved) {
        bytes = "\x03"s + static_cast<char>(to.host.size()) + to.host;
    } else if (resolved->is_v4()) {
        const auto raw = resolved->to_v4().to_bytes();
        bytes = "\x01"s.append(raw.begin(), raw.end());
    } else {
        const auto raw = resolved->to_v6().to_bytes();
        bytes = "\x04"s.append(raw.begin(), raw.end());
    }
    bytes += static_cast<char>(to.port >> 8);
    bytes += static_cast<char>(to.port & 0xff);
    return bytes;
}

Task<core::Result<>> socks_login(Conversation with, const Url& proxy)
{
    const bool has_user = !proxy.user.empty();
    const std::string greeting = has_user ? "\x05\x01\x02"s : "\x05\x01\x00"s;
    const auto greeted = co_await with.say(greeting);
    if (!greeted)
        co_return greeted.error();
    const auto method = co_await with.hear(2);
    if (!method)
        co_return method.error();
    if (*method != (has_user ? "\x05\x02"s : "\x05\x00"s))
        co_return dial_fault(asio::error::access_denied, "proxy");
    if (!has_user)
        co_return core::Result<>();

    const std::string login = "\x01"s + static_cast<char>(proxy.user.size()) + proxy.user +
                              static_cast<char>(proxy.password.size()) + proxy.password;
    const auto sent = co_await with.say(login);
    if (!sent)
        co_return sent.error();
    const auto verdict = co_await with.hear(2);
    if (!verdict)
        co_return verdict.error();
    if ((*verdict)[1] != 0)
        co_return dial_fault(asio::error::access_denied, "proxy");
    co_return core::Result<>();
}

Task<core::Result<>> socks_connect(Conversation with,
                                   const Url& to,
                                   const std::optional<asio::ip::address>& resolved)
{
    const std::string request = "\x05\x01\x00"s + socks_address(to, resolved);
    const auto sent = co_await with.say(request);
    if (!sent)
        co_return sent.error();
    const auto head = co_await with.hear(5);
    if (!head)
        co_return head.error();
    if ((*head)[1] != 0)
        co_return dial_fault(socks_cause(static_cast<unsigned char>((*head)[1])), "proxy");
    // The bound address: its first byte is read already; then the rest of it and the port.
    const auto kind = (*head)[3];
    const std::size_t rest = kind == 1   ? 3
                             : kind == 4 ? 15
                                         : static_cast<unsigned char>((*head)[4]);
    const auto bound = co_await with.hear(rest + 2);
    if (!bound)
        co_return bound.error();
    co_return core::Result<>();
}

// A proxy is asked once: for IPv4 where there is a choice, which every proxy can reach.
asio::ip::address the_one(const Addresses& addresses)
{
    const auto v4 = std::ranges::find_if(addresses, &asio::ip::address::is_v4);
    return v4 == addresses.end() ? addresses.front() : *v4;
}

Task<core::Result<>> socks5(Loop& loop, Conversation with, const Url& proxy, const Url& to)
{
    if (to.host.size() > 255 || proxy.user.size() > 255 || proxy.password.size() > 255)
        co_return dial_fault(asio::error::invalid_argument, "proxy");
    std::optional<asio::ip::address> resolved;
    error_code no_address;
    const auto literal = asio::ip::make_address(to.host, no_address);
    if (!no_address) {
        resolved = literal;
    } else if (proxy.scheme == "socks5") {
        const auto found = co_await Names::of(loop).find(loop, to.host, with.deadline, with.stop);
        if (!found)
            co_return found.error();
        resolved = the_one(*found);
    }
    const auto is_in = co_await socks_login(with, proxy);
    if (!is_in)
        co_return is_in.error();
    co_return co_await socks_connect(with, to, resolved);
}

} // namespace

Task<core::Result<>> ask_for_tunnel(Loop& loop,
                                    Stream& stream,
                                    const Url& proxy,
                                    const Url& to,
                                    core::Deadline deadline,
                                    Stop& stop)
{
    const Conversation with{stream, deadline, stop};
    if (proxy.scheme == "http")
        co_return co_await http_connect(with, proxy, to);
    co_return co_await socks5(loop, with, proxy, to);
}

} // namespace turngate::net
