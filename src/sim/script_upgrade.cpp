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

} // namespace

UpgradeActPtr read_upgrade_act(const json& source, const std::string& place)
{
    ScriptObject outer(source, place);
    ScriptObject object(*outer.find("upgrade"), outer.place("upgrade"));
    outer.finish();
    auto act = std::make_shared<UpgradeAct>();
    read_kind(object, *act);
    read_headers(object, *act);
    if (const auto* body = object.find("body"))
        act->body = body->is_string() ? body->get<std::string>() : body->dump();
    if (const auto bytes = object.get<unsigned>("body_bytes"))
        act->body.resize(std::max<std::size_t>(act->body.size(), *bytes), ' ');
    act->is_endless = object.get<bool>("endless").value_or(false);
    act->wrong_accept = object.get<bool>("wrong_accept").value_or(false);
    if (const auto* then = object.find("then"))
        act->then = read_then(*then, object.place("then"));
    object.finish();
    return act;
}

} // namespace turngate::sim
