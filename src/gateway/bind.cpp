#include "bind.hpp"

#include "resolve.hpp"

#include "turngate/conversation/chain_item.hpp"
#include "turngate/conversation/sealed_context.hpp"

#include <nlohmann/json.hpp>

#include <algorithm>
#include <span>
#include <utility>

namespace turngate::gateway {
namespace {

void add_to_chain(Turn& turn, const Attempt& attempt)
{
    const Response& response = attempt.relay.response();
    const bool is_whole =
        !turn.create.has_conversation && !turn.create.has_prompt && response.items.is_whole();
    const conversation::ChainTurn chained{.response_id = response.id,
                                          .parent_id = response.context.parent_id,
                                          .input = raw_input(turn, response.context),
                                          .outputs = response.items.items(),
                                          .account = attempt.place.account->config.name,
                                          .model = turn.create.model,
                                          .is_whole = is_whole};
    turn.rooms.chains.add(turn.session.key, chained, turn.frame.size());
}

state::Binding binding_of(const Turn& turn, const Attempt& attempt)
{
    state::Binding binding;
    binding.account = attempt.place.account->config.name;
    binding.lane = turn.lane_name();
    binding.session = turn.session.key;
    binding.pending_calls =
        conversation::calls_in(turn.rooms.chains.reader(), attempt.relay.response().items.items());
    return binding;
}

constexpr const char* kContainer = "container_id";
constexpr int kMostDepth = 8; // of an item; annotations stand at five

void add_containers(const nlohmann::json& value, int depth, std::vector<std::string>& ids)
{
    if (depth > kMostDepth || !value.is_structured())
        return;
    if (const auto found = value.is_object() ? value.find(kContainer) : value.end();
        found != value.end() && found->is_string())
        ids.push_back(found->get<std::string>());
    for (const auto& part : value)
        add_containers(part, depth + 1, ids);
}

// A container is the tenant's if one of its responses brought it (behaviour.md section 2).
std::vector<std::string> containers_in(std::span<const std::string> items)
{
    std::vector<std::string> ids;
    for (const std::string& item : items)
        if (item.find(kContainer) != item.npos) // rarely
            add_containers(nlohmann::json::parse(item, nullptr, false), 0, ids);
    return ids;
}

// Compacted context is brought by whoever goes on from it, without a parent, to any loop.
net::Task<> remember_who_compacted(const Turn& turn, const Attempt& attempt)
{
    conversation::Chains& chains = turn.rooms.chains;
    const auto& items = attempt.relay.response().items.items();
    const bool is_rare = std::ranges::any_of(
        items, [](const std::string& item) { return item.find("\"compaction") != item.npos; });
    if (!is_rare)
        co_return;
    std::string list = "[";
    for (const std::string& item : items)
        list.append(list.size() > 1 ? "," : "").append(item);
    const auto context = conversation::sealed_context(chains.reader(), list + "]");
    if (!context)
        co_return;
    const std::string& account = attempt.place.account->config.name;
    chains.seals().note(chains.reader(), {&context->item, 1}, account);
    state::Binding its{.account = account, .store = false};
    co_await turn.rooms.store.bind_response(turn.session.tenant, context->name, std::move(its));
}

net::Task<> remember(Turn& turn, const Attempt& attempt, state::Binding binding)
{
    const std::string& response_id = attempt.relay.response().id;
    turn.lane.last_response = response_id;
    turn.lane.last_context_tokens = binding.context_tokens;
    turn.lane.account = binding.account;
    if (!attempt.relay.turn_state().empty())
        turn.lane.turn_state = attempt.relay.turn_state();
    const std::string& tenant = turn.session.tenant;
    for (const std::string& container : containers_in(attempt.relay.response().items.items())) {
        state::Binding its{.account = binding.account};
        co_await turn.rooms.store.bind_response(tenant, container, std::move(its));
    }
    co_await turn.rooms.store.bind_response(tenant, response_id, std::move(binding));
    if (!turn.session.is_named || turn.is_left())
        co_return; // nobody can come back to it, or somebody has, and been further since
    state::LaneBinding lane{turn.lane.account, response_id, turn.lane.turn_state};
    co_await turn.rooms.store.bind_lane(tenant, lane_key(turn), std::move(lane));
}

} // namespace

net::Task<> bind(Turn& turn, const Attempt& attempt, std::int64_t context_tokens)
{
    co_await remember_who_compacted(turn, attempt);
    if (attempt.relay.response().id.empty() || turn.is_aside())
        co_return;
    add_to_chain(turn, attempt);
    state::Binding binding = binding_of(turn, attempt);
    if (attempt.connection && !attempt.connection->is_http()) // which keeps nothing
        binding.connection = attempt.connection->generation();
    binding.store = turn.create.store && attempt.connection && attempt.place.account->config.stores;
    binding.context_tokens = context_tokens;
    co_await remember(turn, attempt, std::move(binding));
}

net::Task<> bind_interrupted(Turn& turn, const Attempt& attempt)
{
    if (attempt.relay.response().id.empty())
        co_return;
    add_to_chain(turn, attempt);
    state::Binding binding = binding_of(turn, attempt);
    binding.store = false; // whatever the upstream made of it
    binding.context_tokens = attempt.relay.response().context.parent_tokens;
    co_await remember(turn, attempt, std::move(binding));
}

} // namespace turngate::gateway
