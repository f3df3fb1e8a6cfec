#include "script.hpp"

#include "script_act.hpp"
#include "script_object.hpp"

namespace turngate::sim {
namespace {

using nlohmann::json;

std::optional<ParentKind> read_parent(ScriptObject& object)
{
    const auto name = object.get<std::string>("parent");
    if (!name)
        return std::nullopt;
    if (*name == "none")
        return ParentKind::none;
    if (*name == "memory")
        return ParentKind::memory;
    if (*name == "stored")
        return ParentKind::stored;
    object.fail("parent must be none, memory or stored");
}

std::optional<Transport> read_transport(ScriptObject& object)
{
    const auto name = object.get<std::string>("transport");
    if (!name)
        return std::nullopt;
    if (*name != "ws" && *name != "http")
        object.fail("transport must be ws or http");
    return *name == "ws" ? Transport::ws : Transport::http;
}

void read_upgrade_match(ScriptObject& object, Match& match)
{
    match.connection = object.get<unsigned>("connection");
    match.path = object.get<std::string>("path");
    const json* headers = object.find("header");
    if (!headers)
        return;
    if (!headers->is_object())
        object.fail("header must be an object");
    for (const auto& [name, value] : headers->items()) {
        if (!value.is_string())
            object.fail("header " + name + " must be a string");
        match.headers.emplace_back(name, value.get<std::string>());
    }
}

enum class Of : std::uint8_t { upgrade, request, create };

Match read_match(const json& source, const std::string& place, Of of)
{
    ScriptObject object(source, place);
    Match match;
    read_upgrade_match(object, match);
    if (of != Of::upgrade)
        match.request = object.get<unsigned>("request");
    if (of == Of::request)
        match.method = object.get<std::string>("method");
    if (of == Of::create) {
        match.transport = read_transport(object);
        match.create = object.get<unsigned>("create");
        match.process_create = object.get<unsigned>("process_create");
        match.lane = object.get<std::string>("lane");
        match.model = object.get<std::string>("model");
        match.input_contains = object.get<std::string>("input_contains");
        match.larger_than = object.get<unsigned>("larger_than");
        match.parent = read_parent(object);
        match.generate = object.get<bool>("generate");
    }
    object.finish();
    return match;
}

Rule read_rule(const json& source, const std::string& place)
{
    ScriptObject object(source, place);
    Rule rule;
    const auto* act = object.find("do");
    if (!act)
        object.fail("has no 'do'");
    Of of = Of::create;
    if (act->is_object() && act->contains("upgrade"))
        of = Of::upgrade;
    else if (act->is_object() && act->contains("request"))
        of = Of::request;
    if (of == Of::request)
        rule.request = read_request_act(*act, object.place("do"));
    else if (of == Of::upgrade)
        rule.upgrade = read_upgrade_act(*act, object.place("do"));
    else
        rule.act = read_act(*act, object.place("do"));
    if (const auto* match = object.find("match"))
        rule.match = read_match(*match, object.place("match"), of);
    rule.times = object.get<unsigned>("times");
    rule.probability = object.get<double>("probability");
    object.finish();
    return rule;
}

} // namespace

Script read_script(std::string_view text)
{
    const json document = json::parse(text, nullptr, false);
    if (document.is_discarded())
        throw std::runtime_error("script: is no JSON");
    ScriptObject object(document, "script");
    const json* rules = object.find("rules");
    if (!rules || !rules->is_array())
        object.fail("has no array 'rules'");
    std::vector<Rule> read;
    for (std::size_t i = 0; i < rules->size(); ++i)
        read.push_back(read_rule(rules->at(i), "rules[" + std::to_string(i) + "]"));
    object.finish();
    return Script(std::move(read));
}

} // namespace turngate::sim
