#pragma once

#include "rooms.hpp"

#include "turngate/net/loop.hpp"

namespace turngate::gateway {

// Brings what other gateways have learnt about accounts (cooling, quota windows) to where this one
// looks for it: once a second for the process, so that no turn asks for it. On one loop.
class News final : private net::Ticked
{
public:
    explicit News(Rooms& rooms);

private:
    void on_tick(core::Deadline now) override;
    void bring(const accounts::Account& account, core::Deadline now);

    Rooms& rooms_;
    core::Deadline next_{};
};

} // namespace turngate::gateway
