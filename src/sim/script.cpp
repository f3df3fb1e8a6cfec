#include "script.hpp"

#include <algorithm>

namespace turngate::sim {
namespace {

template <class T, class U>
bool agrees(const std::optional<T>& wanted, const U& is)
{
    return !wanted || *wanted == is;
}

bool matches(const Match& match, const RequestFacts& facts)
{
    return agrees(match.connection, facts.connection) && agrees(match.path, facts.path) &&
           agrees(match.transport, facts.transport) && agrees(match.method, facts.method) &&
           agrees(match.request, facts.request) &&
           std::all_of(match.headers.begin(), match.headers.end(), [&](const auto& header) {
               return facts.headers.get(header.first) == header.second;
           });
}

bool matches(const Match& match, const Start& start)
{
    const Create& create = start.create;
    return agrees(match.create, create.on_connection) &&
           agrees(match.process_create, create.in_process) && agrees(match.lane, create.lane) &&
           agrees(match.model, create.model) && agrees(match.parent, start.kind) &&
           agrees(match.generate, create.generate) &&
           (!match.larger_than || create.bytes > *match.larger_than) &&
           (!match.input_contains ||
            create.input.json.find(*match.input_contains) != std::string::npos);
}

// The last condition of a rule: it may draw lots, and counts.
bool wins(Rule& rule, Random& random)
{
    if (rule.times == 0u || (rule.probability && random.fraction() >= *rule.probability))
        return false;
    if (rule.times)
        --*rule.times;
    return true;
}

} // namespace

UpgradeActPtr Script::at_upgrade(const RequestFacts& facts, Random& random)
{
    for (Rule& rule : rules_)
        if (rule.upgrade && matches(rule.match, facts) && wins(rule, random))
            return rule.upgrade;
    return nullptr;
}

RequestActPtr Script::at_request(const RequestFacts& facts, Random& random)
{
    for (Rule& rule : rules_)
        if (rule.request && matches(rule.match, facts) && wins(rule, random))
            return rule.request;
    return nullptr;
}

ActPtr Script::at_create(const RequestFacts& facts, const Start& start, Random& random)
{
    for (Rule& rule : rules_)
        if (rule.act && matches(rule.match, facts) && matches(rule.match, start) &&
            wins(rule, random))
            return rule.act;
    return nullptr;
}

} // namespace turngate::sim
