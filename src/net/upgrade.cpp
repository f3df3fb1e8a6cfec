#include "upgrade.hpp"

#include "causes.hpp"

#include "turngate/core/bytes.hpp"
#include "turngate/core/id.hpp"

#include <boost/asio/error.hpp>

#include <array>

namespace turngate::net {
namespace {

// An error's words are at its beginning and come with the head; a page of 300 KiB says no more.
constexpr HttpLimits kLimits{
    .headers = 16 << 10, .body = 16 << 10, .body_time = std::chrono::milliseconds(200)};

std::string request_of(const DialTarget& target, const std::string& key)
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

std::string make_key()
{
    std::array<std::uint8_t, 16> nonce;
    core::random_bytes(nonce);
    return core::to_base64({reinterpret_cast<const char*>(nonce.data()), nonce.size()});
}

} // namespace

Task<DialResult> upgrade(Stream stream,
                         const DialTarget& target,
                         core::Deadline deadline,
                         Stop& stop)
{
    const std::string key = make_key();
    const std::string request = request_of(target, key);
    const auto sent = co_await stream.write_all(request, deadline, &stop);
    if (!sent)
        co_return DialFault{as_dial(sent.error()), {}};
    auto response = co_await read_response(stream, kLimits, deadline, &stop);
    if (!response)
        co_return DialFault{as_dial(response.error()), {}};
    if (response->status != 101)
        co_return DialFault{{core::FaultCode::dial_refused, {}, "upgrade", response->status},
                            std::move(*response)};
    if (response->headers.get("sec-websocket-accept") != websocket_accept(key) ||
        response->headers.has("sec-websocket-extensions"))
        co_return DialFault{dial_fault(asio::error::invalid_argument, "upgrade"), {}};
    co_return Dialed{
        std::move(stream), std::move(response->headers), std::move(response->leftover)};
}

} // namespace turngate::net
