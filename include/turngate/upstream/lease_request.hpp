#pragma once

#include "turngate/accounts/account_set.hpp"
#include "turngate/core/id.hpp"
#include "turngate/upstream/wire.hpp"

#include <cstdint>
#include <memory>
#include <string>

namespace turngate::upstream {

// What a turn needs of an upstream connection.
struct LeaseRequest
{
    std::uint64_t session = 0;
    core::Digest key; // hash of the session key: several sessions may have the same one
    std::string lane; // the client's name for it; "": the default one
    std::shared_ptr<const accounts::Account> account;
    std::uint64_t connection = 0;       // generation of the one that knows the parent; 0: none does
    bool needs_that_connection = false; // no other will do
    Transport transport = Transport::ws;
    bool needs_new_one = false; // over HTTP: one that was kept has just failed the turn

    // The upstream's name of the lane.
    std::string_view upstream_lane() const noexcept
    {
        return shares_lanes() ? std::string_view(lane) : std::string_view();
    }
    bool shares_lanes() const noexcept
    {
        return account->config.lanes && transport == Transport::ws;
    }
};

} // namespace turngate::upstream
