#pragma once

#include "steering.hpp"

#include "turngate/protocol/control_answer.hpp"
#include "turngate/protocol/upstream_event.hpp"

#include <list>
#include <optional>
#include <string_view>

namespace turngate::gateway {

using protocol::ControlKind;

// The control events of one attempt: what went up and has no answer yet, and what became of what
// was steered. An upstream that refuses one says so in an error event that names neither the event
// nor, mostly, a lane; it ends no response. A machine.
class Dialogue
{
public:
    bool is_full() const noexcept { return asked_.size() >= 64; }
    bool awaits_answer() const noexcept { return !asked_.empty(); }
    void ask(ControlKind kind) { asked_.push_back(kind); }

    // An answer to one of that kind has come.
    void answered(ControlKind kind);
    // An answer of steering, which says what becomes of the input.
    void answered(const protocol::SteerEvent& answer);
    // One was refused: the oldest, since answers come in order.
    void refused();

    Steering& steering() noexcept { return steering_; }
    const Steering& steering() const noexcept { return steering_; }

private:
    std::list<ControlKind> asked_;
    Steering steering_;
};

// An error event that, while one is awaited, can only be the answer to a control event: neither the
// server's trouble nor the connection's.
bool refuses_control(const protocol::TerminalEvent& error) noexcept;

} // namespace turngate::gateway
