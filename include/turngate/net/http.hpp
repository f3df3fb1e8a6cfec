#pragma once

#include "turngate/core/byte_budget.hpp"
#include "turngate/net/stream.hpp"

#include <chrono>
#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace turngate::net {

// Header fields in their order; names compare without case.
class HttpHeaders
{
public:
    void add(std::string_view name, std::string_view value) { fields_.emplace_back(name, value); }

    // The first of that name; empty if there is none.
    std::string_view get(std::string_view name) const noexcept;
    bool has(std::string_view name) const noexcept;
    // Does a comma-separated list field (Connection, Upgrade, …) contain the token, without case?
    bool has_token(std::string_view name, std::string_view token) const noexcept;

    auto begin() const noexcept { return fields_.begin(); }
    auto end() const noexcept { return fields_.end(); }

private:
    std::vector<std::pair<std::string, std::string>> fields_;
};

bool equal_without_case(std::string_view a, std::string_view b) noexcept;

struct HttpRequest
{
    std::string method;
    std::string target; // path and query as sent
    HttpHeaders headers;
    std::string body;
    bool keep_alive = true;
    bool is_1_0 = false;
    std::string leftover; // bytes that came after it

    std::string_view path() const noexcept;
    std::string_view query() const noexcept; // without '?'; empty if none
};

struct HttpResponse
{
    int status = 200;
    HttpHeaders headers;
    std::string body;
    std::string leftover; // reading side
};

struct HttpLimits
{
    std::size_t headers = 16 * 1024;
    std::size_t body = 64 * 1024;
    // Of a response, after its head.
    std::chrono::milliseconds body_time = std::chrono::hours(1);
};

// One request on a stream: its head, then its body as it comes. The stream outlives it.
class RequestReader
{
public:
    // `leftover`: bytes read before.
    RequestReader(Stream& stream, std::string leftover, std::size_t max_head);
    ~RequestReader();

    // Once, and first; its `body` and `leftover` stay empty. Fault invalid_request with status 400
    // or 431 when it is no acceptable HTTP/1.x request, else as Stream::read_some.
    Task<core::Result<HttpRequest>> head(core::Deadline deadline);

    bool is_whole() const noexcept; // all of the body was given
    // As its head says: nothing where the body is chunked.
    std::optional<std::uint64_t> body_size() const noexcept;
    // The next bytes of a body that is not whole; none: it is now. Faults as head()'s.
    Task<core::Result<std::string>> piece(core::Deadline deadline);

    // What came after the request.
    std::string take_leftover() noexcept { return std::move(bytes_); }

private:
    struct Parser;

    Stream& stream_;
    std::string bytes_; // read and not parsed
    std::unique_ptr<Parser> parser_;
};

// Reads one request. `leftover`: bytes read before. The stream is closed when the deadline comes.
// Fault invalid_request with status 400, 413 or 431 when it is no acceptable HTTP/1.x request, else
// as Stream::read_some.
Task<core::Result<HttpRequest>> read_request(Stream& stream,
                                             std::string leftover,
                                             HttpLimits limits,
                                             core::Deadline deadline);

// Reads one response; a 101 ends with its headers, other 1xx are passed over. Of the body what
// comes of limits.body within limits.body_time: neither its size nor its end decides.
Task<core::Result<HttpResponse>> read_response(Stream& stream,
                                               HttpLimits limits,
                                               core::Deadline deadline,
                                               Stop* stop = nullptr);

// Reads one response whole, its body held within `share`. Fault upstream_error where it is no HTTP,
// or its body is more than limits.body or than there is room for; else as Stream::read_some.
Task<core::Result<HttpResponse>> read_whole_response(Stream& stream,
                                                     HttpLimits limits,
                                                     core::ByteBudget::Share& share,
                                                     core::Deadline deadline,
                                                     Stop& stop);

// The bytes of a response with Content-Length; `is_head` leaves the body out.
std::string to_bytes(const HttpResponse& response, bool keep_alive, bool is_head = false);

// base64(SHA-1(key + GUID)), RFC 6455 section 4.2.2.
std::string websocket_accept(std::string_view key);

// GET, version 1.1, Connection: upgrade, Upgrade: websocket: the client wants a WebSocket.
bool wants_websocket(const HttpRequest& request) noexcept;
// And asks for it correctly: version 13 and a key of 16 bytes.
bool is_valid_upgrade(const HttpRequest& request) noexcept;

// Does the offer (Sec-WebSocket-Extensions) contain a permessage-deflate that we can take without
// context takeover and with the full window? (RFC 7692 section 7.1)
bool offers_deflate(const HttpRequest& request) noexcept;

// Whether the query names a parameter, with or without a value.
bool has_query_parameter(std::string_view query, std::string_view name) noexcept;

// Now, as a `date` header has it (RFC 9110 section 5.6.7). Valid until the thread's next call.
std::string_view http_date() noexcept;

std::string_view reason_phrase(int status) noexcept;

} // namespace turngate::net
