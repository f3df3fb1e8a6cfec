#pragma once

#include "relay.hpp"
#include "routes.hpp"
#include "turn.hpp"

#include "turngate/accounts/said.hpp"
#include "turngate/accounts/standing.hpp"
#include "turngate/state/slots.hpp"
#include "turngate/upstream/lease.hpp"
#include "turngate/usage/prices.hpp"

#include <memory>
#include <optional>
#include <string>

namespace turngate::gateway {

// Where an attempt runs: a route, with all that its account asks for (step 6).
struct Place
{
    Route route;
    std::shared_ptr<const accounts::Account> account;
    state::Slot slot;
    accounts::Permit permit; // until its outcome is known
    std::string model{};     // the account's name for it; empty: the answer names it
    const usage::ModelPrice* price = nullptr; // null: not known before the answer names the model
    std::string why{};                        // how it was chosen, for people
    core::Deadline at{};                      // its slot was given
};

// One try of a turn on one route. What it learns dies with it, but for what recovery is told.
struct Attempt
{
    Attempt(Turn& its_turn, Place its_place);
    ~Attempt();
    Attempt(const Attempt&) = delete;
    Attempt& operator=(const Attempt&) = delete;

    bool is_sent() const noexcept { return sent_at.has_value(); }

    Turn& turn;
    Place place;
    std::optional<upstream::Lease> lease; // 7; none: not yet, or given back
    upstream::Lease::How lease_how = upstream::Lease::How::dialed;
    std::shared_ptr<upstream::Connection> connection; // 7; also when the lease was given back
    bool is_fault_anothers = false; // 7: the account was charged with this failed dial already
    std::optional<core::Deadline> sent_at; // 8
    bool is_sealed = false;                // 8: reasoning that only an account can read went up
    accounts::Said said;                   // 7, 9: why it failed, in the upstream's words
    Relay relay;                           // 9
};

} // namespace turngate::gateway
