#include "script_act.hpp"

#include "script_item.hpp"
#include "script_object.hpp"

#include <array>

namespace turngate::sim {
namespace {

using nlohmann::json;

constexpr std::array<std::string_view, 12> kFaults{
    "reset",
    "eof",
    "close",
    "hang",
    "half_open",
    "no_pong",
    "garbage",
    "unknown_event",
    "binary",
    "slow_read",
    "duplicate_terminal",
    "late_events",
};

Point read_point(const ScriptObject& object, const std::string& name)
{
    if (name == "before" || name == "nothing")
        return {Point::At::before};
    if (name == "created")
        return {Point::At::created};
    if (name == "terminal")
        return {Point::At::terminal};
    if (name == "after")
        return {Point::At::after};
    const std::string count = name.starts_with("content:") ? name.substr(8) : std::string();
    if (count.empty() || count.size() > 6 ||
        count.find_first_not_of("0123456789") != std::string::npos)
        object.fail("'" + name + "' is no point: before, created, content:N, terminal or after");
    return {Point::At::content, static_cast<unsigned>(std::stoul(count))};
}

Fault::Kind read_fault_kind(ScriptObject& object)
{
    const auto name = object.get<std::string>("kind");
    for (std::size_t i = 0; i < kFaults.size(); ++i)
        if (name == kFaults[i])
            return static_cast<Fault::Kind>(i);
    object.fail("has no known 'kind'");
}

std::string type_for(int status)
{
    if (status == 401)
        return "authentication_error";
    if (status == 429)
        return "rate_limit_error";
    return status >= 500 ? "server_error" : "invalid_request_error";
}

ScriptedError read_error(const json& source, const std::string& place)
{
    ScriptObject object(source, place);
    ScriptedError scripted;
    Error& error = scripted.error;
    error.status = object.get<unsigned>("status");
    error.type = object.get<std::string>("type").value_or(type_for(error.status.value_or(500)));
    error.code = object.get<std::string>("code").value_or("");
    error.message = object.get<std::string>("message").value_or("Scripted error.");
    error.param = object.get<std::string>("param").value_or("");
    if (const json* headers = object.find("headers"); headers && !headers->is_object())
        object.fail("headers must be an object");
    error.headers = object.text_of("headers");
    error.flat = object.get<bool>("flat").value_or(false);
    error.typeless = object.get<bool>("typeless").value_or(false);
    error.verbatim = object.text_of("verbatim");
    scripted.after = read_point(object, object.get<std::string>("after").value_or("nothing"));
    if (scripted.after.at == Point::At::after)
        object.fail("an error comes before the terminal event");
    object.finish();
    return scripted;
}

ScriptedFailure read_failure(const json& source, const std::string& place)
{
    ScriptObject object(source, place);
    ScriptedFailure failed;
    failed.code = object.get<std::string>("code").value_or("server_error");
    failed.message = object.get<std::string>("message").value_or("Scripted failure.");
    failed.usage = object.text_of("usage");
    object.finish();
    return failed;
}

ScriptedEvent read_event(const json& source, const std::string& place)
{
    ScriptObject object(source, place);
    const json* event = object.find("event");
    const auto raw = object.get<std::string>("raw");
    if (!event == !raw)
        object.fail("has no 'event'");
    ScriptedEvent scripted;
    scripted.is_raw = raw.has_value();
    if (event)
        scripted.text = event->is_string() ? event->get<std::string>() : event->dump();
    else
        scripted.text = *raw;
    scripted.when = read_point(object, object.get<std::string>("when").value_or("before"));
    scripted.delay = object.milliseconds("delay_ms");
    object.finish();
    return scripted;
}

void read_events(ScriptObject& object, Act& act)
{
    const json* events = object.find("events");
    if (!events)
        return;
    if (!events->is_array())
        object.fail("events must be an array");
    for (std::size_t i = 0; i < events->size(); ++i)
        act.events.push_back(
            read_event(events->at(i), object.place("events") + "[" + std::to_string(i) + "]"));
}

// Every item once.
void read_arrival(ScriptObject& object, Act& act)
{
    const json* arrival = object.find("arrival");
    if (!arrival)
        return;
    const std::size_t count = act.answer ? act.answer->size() : 0;
    std::vector<bool> comes(count, false);
    if (!arrival->is_array() || arrival->size() != count)
        object.fail("arrival must name each item of 'answer' once");
    for (const json& index : *arrival) {
        if (!index.is_number_unsigned() || index >= count || comes[index])
            object.fail("arrival must name each item of 'answer' once");
        comes[index] = true;
        act.arrival.push_back(index);
    }
}

// An object's members as the rest of an event.
std::string members_of(ScriptObject& object, const char* key)
{
    const json* value = object.find(key);
    if (!value)
        return {};
    if (!value->is_object() || value->empty())
        object.fail(std::string(key) + " must be an object with members");
    const std::string text = value->dump();
    return "," + text.substr(1, text.size() - 2);
}

void read_pacing(ScriptObject& object, Act& act)
{
    act.delay = object.milliseconds("delay_ms");
    act.deltas = object.get<unsigned>("deltas");
    act.delta_bytes = object.get<unsigned>("delta_bytes");
    if (const auto interval = object.get<unsigned>("interval_us"))
        act.interval = std::chrono::microseconds(*interval);
}

void read_ending(ScriptObject& object, Act& act)
{
    act.incomplete = object.get<std::string>("incomplete").value_or("");
    if (const json* failed = object.find("failed"))
        act.failed = read_failure(*failed, object.place("failed"));
    if (const json* error = object.find("error"))
        act.error = read_error(*error, object.place("error"));
    if (const json* fault = object.find("fault"))
        act.fault = read_fault(*fault, object.place("fault"));
}

} // namespace

Fault read_fault(const json& source, const std::string& place)
{
    ScriptObject object(source, place);
    Fault fault;
    fault.kind = read_fault_kind(object);
    fault.code = static_cast<std::uint16_t>(object.get<unsigned>("code").value_or(1011));
    fault.reason = object.get<std::string>("reason").value_or("");
    fault.bytes_per_second = object.get<unsigned>("bytes_per_second").value_or(0);
    fault.when = read_point(object, object.get<std::string>("when").value_or("before"));
    fault.delay = object.milliseconds("delay_ms");
    object.finish();
    return fault;
}

ActPtr read_act(const json& source, const std::string& place)
{
    ScriptObject object(source, place);
    auto act = std::make_shared<Act>();
    if (const auto* answer = object.find("answer"))
        act->answer = read_items(*answer, object.place("answer"));
    if (const auto* usage = object.find("usage"))
        act->usage = usage->is_null() ? std::string() : usage->dump();
    act->service_tier = object.get<std::string>("service_tier").value_or("");
    act->turn_state = object.get<std::string>("metadata_turn_state").value_or("");
    act->rate_limits = members_of(object, "rate_limits");
    act->terminal = object.get<std::string>("terminal").value_or("");
    read_arrival(object, *act);
    read_events(object, *act);
    read_ending(object, *act);
    read_pacing(object, *act);
    act->empties_output = object.get<bool>("empty_output").value_or(false);
    if (const json* http = object.find("http"))
        act->http = read_http_form(*http, object.place("http"));
    object.finish();
    return act;
}

} // namespace turngate::sim
