#pragma once

#include "metrics.hpp"
#include "turngate/conversation/chains.hpp"

#include "turngate/gateway/snapshot.hpp"
#include "turngate/net/loop.hpp"
#include "turngate/protocol/client_event.hpp"
#include "turngate/protocol/upstream_event.hpp"
#include "turngate/state/budgets.hpp"
#include "turngate/state/bulletin.hpp"
#include "turngate/state/rates.hpp"
#include "turngate/state/state_store.hpp"
#include "turngate/upstream/pool.hpp"
#include "turngate/usage/journal.hpp"

#include <memory>
#include <unordered_set>

namespace turngate::gateway {

class Drains;

// What one loop's sessions and turns work with. Belongs to the loop; outlives its sessions.
struct Rooms
{
    net::Loop& loop;
    state::StateStore& store;
    state::Rates& rates;
    state::Bulletin& bulletin;
    state::Budgets& budgets;
    usage::Journal& journal;
    upstream::Pool& pool;
    conversation::Chains& chains;
    Drains& drains;
    Metrics metrics;
    std::shared_ptr<const Snapshot> snapshot; // the current one; a turn keeps its own
    protocol::ClientEventReader client_events;
    protocol::UpstreamEventReader upstream_events;
    bool is_draining = false;
    std::unordered_set<core::Digest> revoked{}; // elsewhere, since the snapshot was loaded
};

} // namespace turngate::gateway
