#include "turngate/protocol/upstream_answer.hpp"

#include "cursor.hpp"

#include "turngate/protocol/client_event.hpp"

#include <nlohmann/json.hpp>

namespace turngate::protocol {
namespace {

using nlohmann::json;

constexpr std::string_view kUpstreamError = "upstream_error";

// Of bounded depth, since what is deeper cannot be walked.
json read(std::string_view text)
{
    if (!Cursor(text).take_value())
        return json(json::value_t::discarded);
    return json::parse(text, nullptr, false);
}

// Third parties write what they like: a string, or FastAPI's `detail`.
json error_of(int status, std::string_view body)
{
    const json whole = read(body);
    json error = json::object();
    if (whole.is_object() && whole.contains("error"))
        error = whole["error"];
    else if (whole.is_object() && whole.contains("message")) // the flat form
        error = whole;
    else if (whole.is_object() && whole.contains("detail"))
        error = whole["detail"];
    if (!error.is_object() || error.empty()) {
        const bool says_something = error.is_string();
        std::string message = says_something ? error.get<std::string>()
                              : error.is_array()
                                  ? error.dump(-1, ' ', false, json::error_handler_t::replace)
                                  : "The upstream answered " + std::to_string(status) + ".";
        error = {{"message", std::move(message)}, {"code", nullptr}};
        if (!whole.is_object())
            error["code"] = kUpstreamError;
    }
    if (!error.contains("type"))
        error["type"] = status >= 500 ? "server_error" : "invalid_request_error";
    for (const char* const name : {"code", "message", "param"})
        if (!error.contains(name))
            error[name] = nullptr;
    return error;
}

std::string text_of(const json& value)
{
    return value.dump(-1, ' ', false, json::error_handler_t::replace);
}

// `type` first, as vendors have it and as it is found fastest.
std::string event(std::string_view type, const json& members)
{
    std::string text = R"({"type":")" + std::string(type) + "\",";
    text.append(text_of(members), 1);
    return text;
}

std::string_view end_of(const json& response)
{
    const std::string status = response.value("status", json()).is_string()
                                   ? response["status"].get<std::string>()
                                   : std::string();
    if (status == "failed")
        return "response.failed";
    return status == "incomplete" ? "response.incomplete" : "response.completed";
}

} // namespace

std::string refusal_event(int status,
                          const std::vector<std::pair<std::string, std::string>>& headers,
                          std::string_view body)
{
    constexpr int kTooLarge = 413;
    json members{{"status", status == kTooLarge ? 400 : status}, {"error", error_of(status, body)}};
    for (const auto& [name, value] : headers)
        members["headers"][name] = value;
    return event("error", members);
}

std::vector<std::string> events_of_response(std::string_view text)
{
    const json response = read(text);
    if (!response.is_object())
        return {};
    if (response.contains("error") && !response["error"].is_null() && !response.contains("id"))
        return {event("error", {{"error", response["error"]}})};
    json begun = response;
    begun["status"] = "in_progress";
    begun["output"] = json::array();
    begun.erase("usage");
    std::vector<std::string> events;
    const auto add = [&](std::string_view type, json members) {
        members["sequence_number"] = events.size();
        events.push_back(event(type, members));
    };
    add("response.created", {{"response", begun}});
    const json output = response.value("output", json::array());
    for (std::size_t i = 0; output.is_array() && i < output.size(); ++i) {
        add("response.output_item.added", {{"output_index", i}, {"item", output[i]}});
        add("response.output_item.done", {{"output_index", i}, {"item", output[i]}});
    }
    add(end_of(response), {{"response", response}});
    return events;
}

std::string turn_state_event(std::string_view token)
{
    return event("response.metadata", {{"headers", {{std::string(kTurnState), token}}}});
}

} // namespace turngate::protocol
