#pragma once

#include "turngate/protocol/control_answer.hpp"

#include <list>
#include <optional>

namespace turngate::gateway {

using protocol::ControlKind;

// Control events that went up and have no answer yet. An upstream that refuses one says so in an
// error event that names neither the event nor, mostly, a lane; it ends no response.
class Asked
{
public:
    void add(ControlKind kind) { kinds_.push_back(kind); }
    bool any() const noexcept { return !kinds_.empty(); }
    bool is_full() const noexcept { return kinds_.size() >= 64; }

    // An answer to one of that kind has come.
    void answered(ControlKind kind);
    // One was refused: the oldest, since answers come in order.
    std::optional<ControlKind> refused();

private:
    std::list<ControlKind> kinds_;
};

} // namespace turngate::gateway
