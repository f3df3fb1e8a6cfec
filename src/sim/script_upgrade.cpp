#include "script_act.hpp"
#include "script_object.hpp"

#include <algorithm>

namespace turngate::sim {
namespace {

using nlohmann::json;

void read_headers(ScriptObject& object, UpgradeAct& act)
{
    const json* headers = object.find("headers");
    if (!headers)
        return;
    if (!headers->is_object())
        object.fail("headers must be an object");
    for (const auto& [name, value] : headers->items())
        act.headers.emplace_back(name, value.is_string() ? value.get<std::string>() : value.dump());
}

void read_kind(ScriptObject& object, UpgradeAct& act)
{
    if (object.get<bool>("hang").value_or(false))
        act.kind = UpgradeAct::Kind::hang;
    if (object.get<bool>("reset").value_or(false))
        act.kind = UpgradeAct::Kind::reset;
    if (const auto status = object.get<unsigned>("status"); status && *status != 101) {
        if (*status < 200 || *status > 599)
            object.fail("status must be 101 or 200 to 599");
        act.kind = UpgradeAct::Kind::answer;
        act.status = static_cast<int>(*status);
    }
}

// There is no response yet to have points.
Fault read_then(const json& source, const std::string& place)
{
    const Fault fault = read_fault(source, place);
    using Kind = Fault::Kind;
    const bool is_of_response = fault.kind == Kind::hang ||
                                fault.kind == Kind::duplicate_terminal ||
                                fault.kind == Kind::late_events;
    if (is_of_response || source.contains("when"))
        throw std::runtime_error(place + ": is for a response, not for a connection");
    return fault;
}

void read_body(ScriptObject& object, UpgradeAct& act)
{
    if (const auto* body = object.find("body"))
        act.body = body->is_string() ? body->get<std::string>() : body->dump();
    if (const auto bytes = object.get<unsigned>("body_bytes"))
        act.body.resize(std::max<std::size_t>(act.body.size(), *bytes), ' ');
    act.is_endless = object.get<bool>("endless").value_or(false);
}

std::optional<std::size_t> read_moment(const ScriptObject& object, const std::string& name)
{
    if (name == "body")
        return std::nullopt;
    if (name == "head")
        return 0;
    const std::string count = name.starts_with("body:") ? name.substr(5) : std::string();
    if (count.empty() || count.size() > 9 ||
        count.find_first_not_of("0123456789") != std::string::npos)
        object.fail("'" + name + "' is no moment: head, body:N or body");
    return std::stoul(count);
}

} // namespace

RequestActPtr read_request_act(const json& source, const std::string& place)
{
    using Kind = RequestAct::Kind;
    ScriptObject outer(source, place);
    ScriptObject object(*outer.find("request"), outer.place("request"));
    outer.finish();
    auto act = std::make_shared<RequestAct>();
    if (object.find("status"))
        act->kind = Kind::answer;
    act->answer.status = static_cast<int>(object.get<unsigned>("status").value_or(200));
    if (act->answer.status < 200 || act->answer.status > 599)
        object.fail("status must be 200 to 599");
    read_headers(object, act->answer);
    read_body(object, act->answer);
    if (object.get<bool>("hang").value_or(false))
        act->kind = Kind::hang;
    if (object.get<bool>("reset").value_or(false))
        act->kind = Kind::reset;
    if (object.get<bool>("eof").value_or(false))
        act->kind = Kind::eof;
    act->after_body = read_moment(object, object.get<std::string>("when").value_or("body"));
    if (act->after_body && act->kind == Kind::accept)
        object.fail("has nothing to do at that moment");
    act->delay = object.milliseconds("delay_ms");
    act->bytes_per_second = object.get<unsigned>("bytes_per_second");
    object.finish();
    return act;
}

UpgradeActPtr read_upgrade_act(const json& source, const std::string& place)
{
    ScriptObject outer(source, place);
    ScriptObject object(*outer.find("upgrade"), outer.place("upgrade"));
    outer.finish();
    auto act = std::make_shared<UpgradeAct>();
    read_kind(object, *act);
    read_headers(object, *act);
    read_body(object, *act);
    act->wrong_accept = object.get<bool>("wrong_accept").value_or(false);
    if (const auto* then = object.find("then"))
        act->then = read_then(*then, object.place("then"));
    object.finish();
    return act;
}

} // namespace turngate::sim
