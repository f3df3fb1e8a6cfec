#include "turn.hpp"

#include "bill.hpp"
#include "continuity.hpp"
#include "header_policy.hpp"
#include "recovery.hpp"
#include "turn_end.hpp"

#include "turngate/protocol/error_event.hpp"
#include "turngate/telemetry/log.hpp"

#include <charconv>

namespace turngate::gateway {
namespace {

using core::Clock;
using core::Fault;
using core::FaultCode;
using core::Result;
using telemetry::log_debug;

// Behaviour.md section 3: how long a turn may wait for a slot.
constexpr auto kSlotWait = std::chrono::seconds(30);

// 4 admit: is the key still live, does its group still serve, is there room for this user?
net::Task<Result<state::Slot>> admit(Turn& turn)
{
    turn.snapshot = turn.rooms.snapshot;
    turn.principal = turn.snapshot->keys.find(turn.session.secret);
    if (!turn.principal)
        co_return Fault{FaultCode::invalid_api_key, {}, "admit"};
    if (turn.rooms.is_draining)
        co_return Fault{FaultCode::gateway_draining, {}, "admit"};
    const bool refuses = turn.snapshot->config->usage.journal.on_failure == config::OnJournalFailure::refuse;
    if (refuses && !turn.rooms.journal.is_healthy())
        co_return Fault{FaultCode::accounting_unavailable, {}, "admit"};
    const auto deadline = Clock::now() + kSlotWait;
    co_return co_await turn.principal->slots->acquire(turn.rooms.loop, deadline, turn.stop);
}

bool speaks_lane_of(const Turn& turn, const accounts::Account& account)
{
    return !turn.create.stream_id || account.config.lanes;
}

// The accounts this turn may use, best first; the parent's alone if it has one.
Result<std::vector<std::shared_ptr<const accounts::Account>>> candidates(const Turn& turn, const Route& route)
{
    auto found = turn.snapshot->accounts.candidates(turn.principal->group, turn.create.model);
    if (found.empty()) {
        const bool is_served = turn.snapshot->accounts.serves_group(turn.principal->group);
        return Fault{is_served ? FaultCode::model_not_found : FaultCode::no_account, {}, "choose"};
    }
    std::erase_if(found, [&](const auto& account) {
        return !speaks_lane_of(turn, *account) || (!route.account.empty() && account->config.name != route.account);
    });
    if (found.empty())
        return Fault{FaultCode::no_account, {}, "choose"};
    return found;
}

// The price is known before the turn, or the turn is not (behaviour.md section 7).
Result<> find_price(Turn& turn)
{
    turn.upstream_model = std::string(turn.account->upstream_model(turn.create.model).value_or(""));
    const usage::PriceTable& prices = *turn.snapshot->prices;
    turn.price = prices.find(turn.upstream_model, "reject");
    if (!turn.price)
        turn.price = prices.find(turn.create.model, turn.snapshot->config->pricing.unknown_model);
    if (!turn.price && !turn.create.model.empty())
        return Fault{FaultCode::model_not_found, {}, "price"};
    return {};
}

// 6 choose: the first that has a free slot, else a place in the queue of the best.
net::Task<Result<state::Slot>> choose(Turn& turn, const Route& route)
{
    auto found = candidates(turn, route);
    if (!found)
        co_return found.error();
    turn.account = found->front();
    state::Slot slot;
    bool has_slot = false;
    for (const auto& account : *found) {
        if (account->slots->try_acquire()) {
            slot = state::Slot(account->slots);
            turn.account = account;
            has_slot = true;
            break;
        }
    }
    const auto priced = find_price(turn);
    if (!priced)
        co_return priced.error();
    if (!has_slot) {
        log_debug("turn waits for an account", {{"turn", turn.id}, {"account", turn.account->config.name}});
        const auto deadline = Clock::now() + kSlotWait;
        auto waited = co_await turn.account->slots->acquire(turn.rooms.loop, deadline, turn.stop);
        if (!waited)
            co_return waited.error();
        slot = std::move(*waited);
    }
    turn.slot_at = Clock::now();
    co_return slot;
}

// A refused dial's retry-after is the client's to know.
void keep_retry_after(Turn& turn, const net::HttpResponse& refusal)
{
    const std::string_view text = refusal.headers.get("retry-after");
    int seconds = 0;
    const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), seconds);
    if (error == std::errc() && seconds >= 0)
        turn.retry_after = std::chrono::seconds(seconds);
}

// 7 lease: the session's connection, or a new one.
net::Task<Result<upstream::Lease>> lease(Turn& turn, const Route& route)
{
    const auto headers = forwardable(turn.session.forward, turn.account->config.forward_headers);
    auto leased = co_await turn.rooms.pool.lease(turn.session.id, turn.account, headers, turn.stop);
    if (!leased) {
        keep_retry_after(turn, leased.error().response);
        co_return leased.error().fault;
    }
    // It was open when the parent was resolved, and died while this turn waited for its slot.
    if (route.needs_parked && leased->how() != upstream::Lease::How::reused)
        co_return Fault{FaultCode::parent_not_found, {}, "its connection is gone"};
    turn.connection = leased->connection().generation();
    turn.how = leased->how();
    co_return std::move(*leased);
}

// What must be changed in a create for its account. Usually nothing.
protocol::Edits edits_for(const Turn& turn)
{
    protocol::Edits edits;
    if (!turn.create.at.type) // left out, as behaviour.md section 2 allows; upstreams do not
        protocol::add(edits, protocol::insert_string(turn.frame, "type", "response.create"));
    if (turn.create.at.model && turn.upstream_model != turn.create.model)
        protocol::add(edits, protocol::replace_with_string(turn.create.at.model, turn.upstream_model));
    return edits;
}

// 8 send: the client's own bytes, with edits spliced in only where needed.
void send(Turn& turn, upstream::Connection& connection)
{
    turn.relay.attach(connection);
    turn.is_sent = true;
    const protocol::Edits edits = edits_for(turn);
    if (edits.empty())
        connection.send(turn.frame);
    else
        connection.send(protocol::apply(turn.frame, edits));
}

// 10 settle: the bill is in the journal before the client sees the end; all else comes after it.
net::Task<Result<>> settle(Turn& turn, upstream::Lease lease)
{
    const auto terminal =
        turn.rooms.upstream_events.read_terminal(turn.relay.terminal_event(), turn.relay.terminal_kind());
    std::optional<usage::UsageRecord> record;
    if (turn.relay.has_response() || !terminal.response_id.empty()) {
        record = bill(turn, terminal);
        const auto written = write_bill(turn, *record);
        if (!written)
            co_return written.error();
    }
    turn.client.send(turn.relay.terminal_event());
    turn.client.flush();

    log_turn_end(turn, outcome_of(terminal), record ? &*record : nullptr, nullptr);
    const std::int64_t context = record ? record->tokens.total : 0;
    co_await bind(turn, terminal.response_id, context);
    turn.relay.detach();
    if (terminal.error_code != "websocket_connection_limit_reached")
        std::move(lease).park();
    co_return Result<>();
}

net::Task<Result<>> try_turn(Turn& turn)
{
    const auto user_slot = co_await admit(turn); // 4 admit
    if (!user_slot)
        co_return user_slot.error();
    const auto route = co_await resolve(turn); // 5 resolve
    if (!route)
        co_return route.error();
    const auto account_slot = co_await choose(turn, *route); // 6 choose
    if (!account_slot)
        co_return account_slot.error();
    auto leased = co_await lease(turn, *route); // 7 lease
    if (!leased)
        co_return leased.error();
    send(turn, leased->connection()); // 8 send
    const auto between_events = turn.snapshot->config->relay.event_timeout;
    const auto terminal = co_await turn.relay.until_terminal(between_events, turn.stop); // 9 relay
    if (!terminal) {
        turn.relay.detach();
        co_return terminal.error(); // the lease discards its connection
    }
    co_return co_await settle(turn, std::move(*leased)); // 10 settle
}

} // namespace

net::Task<std::uint16_t> run_turn(Turn& turn)
{
    Result<> result = Fault{FaultCode::internal_error, {}, "exception"};
    try {
        result = co_await try_turn(turn);
    } catch (const std::exception& bug) {
        telemetry::log_error("turn ended by an exception", {{"turn", turn.id}, {"what", bug.what()}});
        turn.relay.detach();
    }
    if (result)
        co_return 0;
    const Facts facts{result.error(), turn.relay.seen(), turn.relay.has_response()};
    co_return end_without_terminal(turn, facts, decide(facts));
}

} // namespace turngate::gateway
