#include "turngate/protocol/http_answer.hpp"

#include "error_object.hpp"
#include "field_search.hpp"
#include "json_text.hpp"

#include "turngate/protocol/edit.hpp"

#include <algorithm>

namespace turngate::protocol {
namespace {

constexpr std::string_view kShouldRetry = "x-should-retry";

std::string error_of(std::string_view event)
{
    return error_object(event, "server_error");
}

std::string_view code_of(std::string_view error)
{
    return string_body(find_top_level(error, "code"));
}

// Those of use to a client, which is not the account's owner.
void add_headers_of(std::string_view event, HttpAnswer& answer)
{
    static constexpr std::string_view kNames[] = {"retry-after", "retry-after-ms", kShouldRetry};
    const std::string_view headers = top_level_value(event, "headers");
    for (const std::string_view name : kNames) {
        const std::string_view value = top_level_value(headers, name);
        if (value.empty())
            continue;
        std::string text = header_value(value.starts_with('"') ? string_body(value) : value);
        if (!text.empty())
            answer.headers.emplace_back(name, std::move(text));
    }
}

bool has(const HttpAnswer& answer, std::string_view name)
{
    return std::ranges::any_of(answer.headers, [&](const auto& one) { return one.first == name; });
}

// Codex takes a 429 without retry-after for the end; SDKs repeat by status, also what cannot
// succeed (http.md sections 7 and 9.2).
void add_retrying(std::string_view code, HttpAnswer& answer)
{
    static constexpr std::string_view kNoUse[] = {"insufficient_quota", "usage_limit_reached"};
    const bool is_no_use = std::ranges::find(kNoUse, code) != std::end(kNoUse);
    if (is_no_use && !has(answer, kShouldRetry))
        answer.headers.emplace_back(kShouldRetry, "false");
    const bool is_later = answer.status == 429 || answer.status == 503;
    if (is_later && !is_no_use && !has(answer, "retry-after"))
        answer.headers.emplace_back("retry-after", "1");
    if (answer.status == 401)
        answer.headers.emplace_back("www-authenticate", "Bearer");
}

HttpAnswer answer_with(int status, std::string_view event, const std::string& error)
{
    HttpAnswer answer;
    answer.status = status == 413 ? 400 : status; // Codex posts a 413 six times (http.md section 5)
    if (answer.status < 400 || answer.status > 599)
        answer.status = 502;
    add_headers_of(event, answer);
    add_retrying(code_of(error), answer);
    answer.body = R"({"error":)" + error + "}";
    return answer;
}

// Inside a stream an error is a code and a message.
std::string code_and_message(std::string_view error_event)
{
    const std::string error = error_of(error_event);
    const std::string_view code = top_level_value(error, "code");
    const std::string_view message = top_level_value(error, "message");
    return R"("code":)" + std::string(code.starts_with('"') ? code : R"("server_error")") +
           R"(,"message":)" +
           std::string(message.starts_with('"') ? message : R"("The request failed.")");
}

int status_of_failure(std::string_view code)
{
    static constexpr std::pair<std::string_view, int> kKnown[] = {
        {"rate_limit_exceeded", 429},
        {"insufficient_quota", 429},
        {"usage_limit_reached", 429},
        {"server_error", 500},
        {"server_is_overloaded", 503},
        {"slow_down", 503},
        {"invalid_prompt", 400},
        {"invalid_request", 400},
        {"invalid_request_error", 400},
        {"context_length_exceeded", 400},
        {"cyber_policy", 400},
        {"model_not_found", 400},
        {"previous_response_not_found", 400},
        {"invalid_encrypted_content", 400},
    };
    const auto* const known =
        std::ranges::find(kKnown, code, [](const auto& row) { return row.first; });
    return known == std::end(kKnown) ? 502 : known->second;
}

} // namespace

HttpAnswer answer_to_error(std::string_view event)
{
    const auto status = whole_number<int>(top_level_value(event, "status"));
    return answer_with(status.value_or(502), event, error_of(event));
}

HttpAnswer answer_to_failure(std::string_view event)
{
    std::string error = error_of(peek_response(event));
    const int status = status_of_failure(code_of(error));
    HttpAnswer answer = answer_with(status, {}, error);
    if (status >= 500) // it had begun
        answer.headers.emplace_back(kShouldRetry, "false");
    return answer;
}

std::string header_value(std::string_view body)
{
    std::string text = unescape(body);
    const auto is_bad = [](char c) { return static_cast<unsigned char>(c) < 0x20 || c == 0x7f; };
    return std::ranges::any_of(text, is_bad) ? std::string() : text;
}

std::string_view peek_response(std::string_view event) noexcept
{
    const std::string_view response = top_level_value(event, "response");
    return response.starts_with('{') ? response : std::string_view();
}

std::string failed_event(std::string_view response_id,
                         std::string_view error_event,
                         std::int64_t sequence_number)
{
    return R"({"type":"response.failed","sequence_number":)" + std::to_string(sequence_number) +
           R"(,"response":{"id":")" + std::string(response_id) +
           R"(","object":"response","status":"failed","error":{)" + code_and_message(error_event) +
           R"(},"incomplete_details":null,"output":[],"usage":null}})";
}

std::string flat_error_event(std::string_view error_event, std::int64_t sequence_number)
{
    return R"({"type":"error","sequence_number":)" + std::to_string(sequence_number) + "," +
           code_and_message(error_event) + R"(,"param":null})";
}

} // namespace turngate::protocol
