#pragma once

#include "recovery.hpp"
#include "turn.hpp"

#include <optional>

namespace turngate::gateway {

// An attempt that is not tried again, and what is done about it.
struct Failure
{
    Facts facts;
    Action action;
};

// What is known of an attempt that failed.
Facts facts_of(const Turn& turn, const core::Fault& fault);

core::Fault upstream_said(const protocol::TerminalEvent& terminal) noexcept;

// An error event or response.failed is first judged: it may be mended unseen instead of told.
// Nothing: it is neither.
std::optional<Action> judge(Turn& turn, const protocol::TerminalEvent& terminal);

// The account's part in it: a fault, a time to cool, or refused credentials. A lost connection is
// one fault, however many lanes it took along.
void charge(Turn& turn, const core::Fault& fault, const Action& action);

// It answered, as an account should.
void credit(Turn& turn);

} // namespace turngate::gateway
