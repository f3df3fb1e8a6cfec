#pragma once

#include "turngate/net/http.hpp"
#include "turngate/net/stream.hpp"

#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <string_view>

namespace turngate::net {

// http, https, ws, wss, socks5, socks5h; host without brackets; credentials percent-decoded.
struct Url
{
    std::string scheme;
    std::string user;
    std::string password;
    std::string host;
    std::uint16_t port = 0; // the scheme's if none is given
    std::string path;       // "/" at least, query included

    bool is_tls() const noexcept { return scheme == "https" || scheme == "wss"; }
    std::string authority() const; // host[:port], brackets for IPv6, port only if not the scheme's
};

std::optional<Url> parse_url(std::string_view text);

struct DialTarget
{
    Url url;
    std::optional<Url> proxy; // http (CONNECT), socks5 (we resolve), socks5h (it resolves)
    HttpHeaders headers;      // besides those of the upgrade itself
};

// An upgraded connection. No extension was offered, so frames are plain.
struct Dialed
{
    Stream stream;
    HttpHeaders headers; // of the 101
    std::string leftover;
};

// Why it failed. fault: dial_failed (no address, connection, TLS, tunnel), upstream_timeout,
// dial_refused (with status), out_of_resources (of this machine), or the stop's reason. What its
// cause says is meant for the log: "certificate verify failed: self-signed certificate".
struct DialFault
{
    core::Fault fault;
    HttpResponse response;    // of a refusal: headers, and the beginning of its body
    bool is_anothers = false; // who is told this did not dial, but waited for someone who did
};

// Interface, because the process ends here.
class Dialer
{
public:
    virtual ~Dialer() = default;

    // Asks for the name, connects, speaks to the proxy, does TLS. `stop` and the deadline, which is
    // over all of it, end it at once.
    virtual Task<boost::system::result<Stream, DialFault>> connect(Loop& loop,
                                                                   const DialTarget& target,
                                                                   core::Deadline deadline,
                                                                   Stop& stop) = 0;

    // The same, and the WebSocket upgrade.
    virtual Task<boost::system::result<Dialed, DialFault>> dial(Loop& loop,
                                                                DialTarget target,
                                                                core::Deadline deadline,
                                                                Stop& stop) = 0;
};

std::unique_ptr<Dialer> make_dialer(std::shared_ptr<const TlsContext> tls);

[[noreturn]] void throw_exception_from_error(const DialFault& fault,
                                             const boost::source_location& at);

} // namespace turngate::net
