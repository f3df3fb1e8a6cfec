#include "turngate/protocol/codex_event.hpp"

#include "cursor.hpp"
#include "field_search.hpp"

#include "turngate/protocol/http_answer.hpp"

#include <nlohmann/json.hpp>

#include <algorithm>
#include <array>

namespace turngate::protocol {
namespace {

using nlohmann::json;

constexpr std::string_view kMetadata = "response.metadata";
constexpr std::string_view kModel = "openai-model";
constexpr std::string_view kModelToo = "x-openai-model";
constexpr std::string_view kPrefix = "x-codex-";
constexpr std::array<const char*, 2> kWindows{"primary", "secondary"};

struct Part
{
    const char* header;
    const char* member;
};

constexpr Part kOfWindow[] = {{"used-percent", "used_percent"},
                              {"window-minutes", "window_minutes"},
                              {"reset-at", "reset_at"},
                              {"reset-after-seconds", "reset_after_seconds"}};
constexpr Part kOfCredits[] = {
    {"has-credits", "has_credits"}, {"unlimited", "unlimited"}, {"balance", "balance"}};

// Of bounded depth, since what is deeper cannot be walked.
json read(std::string_view text)
{
    if (!Cursor(text).take_value())
        return json(json::value_t::discarded);
    return json::parse(text, nullptr, false);
}

std::string write(std::string_view type, const json& members)
{
    const std::string text = members.dump(-1, ' ', false, json::error_handler_t::replace);
    std::string event = R"({"type":")" + std::string(type) + '"';
    return text.size() > 2 ? event.append(",").append(text, 1) : event + "}";
}

const std::string* value_of(const NamedValues& headers, const std::string& name)
{
    const auto found = std::ranges::find(headers, name, &NamedValues::value_type::first);
    return found == headers.end() ? nullptr : &found->second;
}

// A number or a word where it is one, else text.
json value_from(const std::string& text)
{
    if (text == "true" || text == "True")
        return true;
    if (text == "false" || text == "False")
        return false;
    const json value = text.size() < 32 ? json::parse(text, nullptr, false) : json();
    return value.is_number() ? value : json(text);
}

template <std::size_t N>
json object_from(const NamedValues& headers, const std::string& of, const Part (&parts)[N])
{
    json object = json::object();
    for (const Part& part : parts)
        if (const auto* value = value_of(headers, std::string(kPrefix) + of + "-" + part.header))
            object[part.member] = value_from(*value);
    return object;
}

template <std::size_t N>
void add_headers(NamedValues& to, const json& object, const std::string& of, const Part (&parts)[N])
{
    if (!object.is_object())
        return;
    for (const Part& part : parts) {
        const auto found = object.find(part.member);
        if (found == object.end() || found->is_null() || found->is_structured())
            continue;
        const std::string text = found->dump(-1, ' ', true, json::error_handler_t::replace);
        std::string value =
            header_value(found->is_string() ? text.substr(1, text.size() - 2) : text);
        if (!value.empty())
            to.emplace_back(std::string(kPrefix) + of + "-" + part.header, std::move(value));
    }
}

bool is_model(std::string name)
{
    std::ranges::transform(
        name, name.begin(), [](char c) { return c >= 'A' && c <= 'Z' ? char(c + 32) : c; });
    return name == kModel || name == kModelToo;
}

} // namespace

std::string rate_limits_event(const NamedValues& headers)
{
    json limits = json::object();
    bool is_reached = false;
    for (const char* const name : kWindows) {
        json window = object_from(headers, name, kOfWindow);
        const json used = window.value("used_percent", json());
        if (!used.is_number())
            continue;
        is_reached = is_reached || used.get<double>() >= 100;
        limits[name] = std::move(window);
    }
    if (limits.empty())
        return {};
    limits["allowed"] = !is_reached;
    limits["limit_reached"] = is_reached;
    json members{{"rate_limits", std::move(limits)}};
    json credits = object_from(headers, "credits", kOfCredits);
    if (!credits.empty())
        members["credits"] = std::move(credits);
    if (const auto* plan = value_of(headers, std::string(kPrefix) + "plan-type"))
        members["plan_type"] = *plan;
    return write(kRateLimits, members);
}

NamedValues rate_limit_headers(std::string_view event)
{
    NamedValues headers;
    const json whole = read(event);
    if (!whole.is_object() || whole.value("type", json()) != kRateLimits)
        return headers;
    const json limits = whole.value("rate_limits", json());
    for (const char* const name : kWindows)
        if (limits.is_object())
            add_headers(headers, limits.value(name, json()), name, kOfWindow);
    add_headers(headers, whole.value("credits", json()), "credits", kOfCredits);
    return headers;
}

std::string without_model(std::string_view event)
{
    json whole = type_body(event) == kMetadata ? read(event) : json();
    if (!whole.is_object() || !whole.contains("headers") || !whole["headers"].is_object())
        return std::string(event);
    json& headers = whole["headers"];
    std::vector<std::string> names;
    for (const auto& [name, value] : headers.items())
        if (is_model(name))
            names.push_back(name);
    if (names.empty())
        return std::string(event);
    for (const std::string& name : names)
        headers.erase(name);
    if (headers.empty())
        return {};
    whole.erase("type");
    return write(kMetadata, whole);
}

} // namespace turngate::protocol
