#pragma once

#include "turngate/upstream/connection.hpp"
#include "turngate/upstream/lease_request.hpp"

#include <cstdint>
#include <list>
#include <memory>
#include <string>
#include <string_view>
#include <unordered_map>
#include <vector>

namespace turngate::upstream {

// One connection's place in the pool: whose it is, and what it does.
struct Place
{
    std::shared_ptr<Connection> connection;
    core::Digest key;          // of the session it serves, or served last
    std::uint64_t session = 0; // 0: that one has left, the connection is kept for its key
    std::string lane;          // where the account has no lanes: the one it serves
    unsigned leases = 0;       // turns that run on it
    bool is_forsaken = false;  // its session has left and nobody can come back to it
    core::Deadline idle_since{};
    std::list<Place*>::iterator idle; // valid while leases is 0
};

// Which connection is whose. Bookkeeping only: opens and closes nothing; counts what is idle as
// parked. Every operation is O(1) in the number of connections, but for those of one session key
// and for the search for an account's oldest.
class Places
{
public:
    // The best place for this turn; null: none of what there is will do. What runs is shared by the
    // lanes of one session only. What another live session holds is taken only where it alone knows
    // the parent. Past its age a connection begins nothing that another could begin.
    Place* find(const LeaseRequest& request) const;

    // An idle connection that would be found, were it not too old.
    Place* aged(const LeaseRequest& request) const;

    // A new connection's place, with its first lease.
    void add(std::shared_ptr<Connection> connection, const LeaseRequest& request);
    void take(Place& place, const LeaseRequest& request);
    void give_back(Place& place);
    void remove(Place& place);

    // The session is over: its places are kept for its key.
    void leave(std::uint64_t session, const core::Digest& key);

    Place* of(std::uint64_t generation);
    // Idle longest, of this account: of those whose session has left, else of any.
    Place* oldest_idle(std::string_view account) const;
    // Kept for a key that did not come back since then.
    Place* idle_before(core::Deadline then) const;

    std::vector<Place*> of_session(std::uint64_t session, const core::Digest& key) const;
    std::vector<Place*> all();

private:
    void rest(Place& place);
    void rouse(Place& place);
    std::list<Place*>& idle_list(const Place& place) { return place.session == 0 ? left_ : held_; }

    std::unordered_map<std::uint64_t, Place> places_; // by generation
    std::unordered_map<core::Digest, std::vector<Place*>> by_key_;
    std::list<Place*> held_; // idle, longest first; their sessions live
    std::list<Place*> left_; // idle, longest first; their sessions have left
};

} // namespace turngate::upstream
