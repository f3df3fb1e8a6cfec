#include "request_body.hpp"

#include "turngate/net/content_coding.hpp"

#include <utility>

namespace turngate::gateway {
namespace {

using core::Clock;
using net::ContentDecoder;

constexpr auto kProgress =
    std::chrono::seconds(30); // without a byte of the body (http.md section 5)

Refusal bad_body(std::string_view message, std::string_view code)
{
    return refuse(400, message, "invalid_request_error", code);
}

// 400, not 413: Codex posts that six times.
Refusal too_large()
{
    return bad_body("The request is too large.", "request_too_large");
}

Refusal refusal_of(ContentDecoder::Verdict verdict)
{
    return verdict == ContentDecoder::Verdict::too_large
               ? too_large()
               : bad_body("The body is not what its content-encoding says.", "invalid_encoding");
}

std::optional<Refusal> refuse_head(const net::HttpRequest& head,
                                   const net::RequestReader& reader,
                                   std::uint64_t most)
{
    if (!head.headers.has("content-length") && !head.headers.has("transfer-encoding"))
        return refuse(411, "The request has no body.", "invalid_request_error", "length_required");
    if (reader.body_size().value_or(0) > most)
        return too_large();
    return std::nullopt;
}

Refusal unsupported_coding()
{
    auto refusal = refuse(415,
                          "This content-encoding is not supported.",
                          "invalid_request_error",
                          "unsupported_encoding");
    refusal.headers.add("accept-encoding", net::kAcceptedCodings);
    return refusal;
}

Refusal no_room()
{
    auto refusal = refuse(
        429, "Too much is waiting; try again later.", "rate_limit_error", "rate_limit_exceeded");
    refusal.headers.add("retry-after", "1");
    return refusal;
}

} // namespace

net::Task<std::variant<std::string, Refusal>> read_body(net::Stream& stream,
                                                        net::RequestReader& reader,
                                                        const net::HttpRequest& head,
                                                        std::uint64_t most,
                                                        core::ByteBudget::Share& share)
{
    if (auto refusal = refuse_head(head, reader, most))
        co_return std::move(*refusal);
    auto decoder = ContentDecoder::make(head.headers.get("content-encoding"), most);
    if (!decoder)
        co_return unsupported_coding();
    const bool waits = head.headers.has_token("expect", "100-continue") && !head.is_1_0;
    if (waits && !reader.is_whole()) {
        const auto told =
            co_await stream.write_all("HTTP/1.1 100 Continue\r\n\r\n", Clock::now() + kProgress);
        if (!told)
            co_return Refusal{};
    }
    std::string body;
    for (;;) {
        const auto piece = co_await reader.piece(Clock::now() + kProgress);
        if (!piece)
            co_return bad_body("The body did not come whole.", "bad_request");
        const auto verdict = decoder->feed(*piece, body);
        if (verdict != ContentDecoder::Verdict::fine)
            co_return refusal_of(verdict);
        if (!share.resize(body.size()))
            co_return no_room();
        if (reader.is_whole())
            break;
    }
    if (decoder->finish() != ContentDecoder::Verdict::fine)
        co_return refusal_of(ContentDecoder::Verdict::corrupt);
    co_return body;
}

} // namespace turngate::gateway
