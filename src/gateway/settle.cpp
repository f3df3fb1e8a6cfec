#include "settle.hpp"

#include "bill.hpp"
#include "bind.hpp"
#include "ending.hpp"
#include "judge.hpp"

#include <utility>

namespace turngate::gateway {

bool is_failure(protocol::EventKind kind) noexcept
{
    return kind == protocol::EventKind::failed || kind == protocol::EventKind::error;
}

protocol::TerminalEvent read_terminal(Turn& turn, const Attempt& attempt)
{
    const Response& response = attempt.relay.response();
    return turn.rooms.upstream_events.read_terminal(response.end, response.end_kind);
}

net::Task<core::Result<std::int64_t>> settle(Turn& turn,
                                             Attempt& attempt,
                                             const protocol::TerminalEvent& terminal)
{
    Response& response = attempt.relay.response();
    if (!response.has_begun())
        response.id = terminal.response_id;
    std::optional<usage::UsageRecord> record;
    if (response.has_begun() && !turn.is_free()) {
        record = bill(turn, attempt, terminal);
        if (turn.is_left() && record->reason.empty())
            record->reason = core::name_of(core::FaultCode::client_gone);
        const auto written = write_bill(turn, *record);
        if (!written)
            co_return written.error();
    }
    const std::int64_t tokens = record ? record->tokens.total : 0;
    if (!is_failure(terminal.kind)) {
        response.items.conclude(turn.rooms.chains.reader(), terminal.output);
        // Over HTTP the next turn may be on its way to another loop before this one does anything
        // more. Nothing of it waits.
        co_await bind(turn, attempt, tokens);
    }
    send_terminal(turn, attempt, terminal);
    turn.lane.note_ended(response.id);
    log_turn_end(turn, &attempt, outcome_of(terminal), record ? &*record : nullptr, nullptr);
    if (!is_failure(terminal.kind))
        credit(turn, attempt);
    co_return tokens;
}

void give_back(Attempt& attempt, bool is_over)
{
    Relay& relay = attempt.relay;
    if (is_over && relay.is_attached() && relay.is_clean() && !relay.steering().is_open()) {
        relay.detach();
        std::move(*attempt.lease).park();
    } else {
        relay.abandon();
    }
    attempt.lease.reset();
    attempt.place.slot =
        state::Slot(); // before its user's: an account never runs more than its users may
}

} // namespace turngate::gateway
