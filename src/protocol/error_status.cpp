#include "error_object.hpp"
#include "field_search.hpp"
#include "json_text.hpp"

#include "turngate/protocol/edit.hpp"
#include "turngate/protocol/error_event.hpp"

namespace turngate::protocol {
namespace {

void set_field(Edits& edits, std::string_view event, std::string_view key, std::string_view value)
{
    const std::string_view given = top_level_value(event, key);
    if (!given.data()) {
        add(edits, insert_raw(event, key, value));
        return;
    }
    const auto begin = static_cast<std::size_t>(given.data() - event.data());
    add(edits, {begin, begin + given.size(), std::string(value)});
}

std::string_view type_of(int status)
{
    constexpr int kTooMany = 429;
    if (status == kTooMany)
        return "rate_limit_error";
    return status >= 500 ? "server_error" : "invalid_request_error";
}

bool is_nested(std::string_view event)
{
    return top_level_value(event, "error").starts_with('{');
}

// SDKs do so (http.md section 9.1).
bool is_repeated(int status) noexcept
{
    return status == 408 || status == 409 || status == 429 || status >= 500;
}

} // namespace

std::string error_object(std::string_view event, std::string_view type)
{
    const std::string_view nested = top_level_value(event, "error");
    if (nested.starts_with('{'))
        return std::string(nested);
    const auto part = [&](std::string_view name) {
        const std::string_view value = top_level_value(event, name);
        return value.empty() ? std::string("null") : std::string(value);
    };
    const std::string message = nested.starts_with('"') ? std::string(nested) : part("message");
    return R"({"message":)" + message + R"(,"type":")" + std::string(type) + R"(","param":)" +
           part("param") + R"(,"code":)" + part("code") + "}";
}

bool is_complete_error(std::string_view event) noexcept
{
    return top_level_status(event).has_value() && is_nested(event);
}

std::optional<int> top_level_status(std::string_view event) noexcept
{
    if (!type_body(event).data())
        return std::nullopt;
    return whole_number<int>(top_level_value(event, "status"));
}

std::string with_status(std::string_view event, int status)
{
    Edits edits;
    if (!type_body(event).data())
        set_field(edits, event, "type", R"("error")");
    if (top_level_status(event) != status)
        set_field(edits, event, "status", std::to_string(status));
    if (!is_nested(event))
        set_field(edits, event, "error", error_object(event, type_of(status)));
    return protocol::apply(event, edits);
}

std::string without_repetition(std::string_view event)
{
    constexpr std::string_view kName = "x-should-retry";
    constexpr std::string_view kNo = R"("false")";
    const std::string_view headers = top_level_value(event, "headers");
    const bool has_headers = headers.starts_with('{');
    if (!is_repeated(top_level_status(event).value_or(500)) ||
        (has_headers && top_level_value(headers, kName).data()))
        return std::string(event);
    Edits edits;
    if (has_headers) {
        FieldSpan span;
        span.value_begin = static_cast<std::size_t>(headers.data() - event.data());
        add(edits, insert_raw_into(span, kName, kNo));
    } else {
        set_field(edits, event, "headers", "{" + quote(kName) + ":" + std::string(kNo) + "}");
    }
    return protocol::apply(event, edits);
}

} // namespace turngate::protocol
