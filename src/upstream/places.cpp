#include "places.hpp"

#include <algorithm>
#include <iterator>
#include <utility>

namespace turngate::upstream {
namespace {

enum class Fitness : std::uint8_t { none, left_behind, own, knows_parent };

bool could_serve(const Place& place, const LeaseRequest& request)
{
    const Connection& connection = *place.connection;
    const bool is_shared = place.session == request.session && request.shares_lanes();
    const bool is_socket = request.transport == Transport::ws && !connection.is_http();
    return is_socket && (place.leases == 0 || is_shared) && connection.is_usable() &&
           connection.account().has_same_connections(*request.account) &&
           connection.takes(request.upstream_lane());
}

// Its age aside.
Fitness fitness(const Place& place, const LeaseRequest& request)
{
    if (!could_serve(place, request))
        return Fitness::none;
    const bool is_own = place.session == request.session;
    const bool is_left = place.session == 0;
    if (place.connection->generation() == request.connection &&
        (is_own || is_left || request.needs_that_connection))
        return Fitness::knows_parent;
    if (request.needs_that_connection)
        return Fitness::none;
    if (is_own && (request.account->config.lanes || place.lane == request.lane))
        return Fitness::own;
    return is_left ? Fitness::left_behind : Fitness::none;
}

} // namespace

Place* Places::find(const LeaseRequest& request) const
{
    const auto of_key = by_key_.find(request.key);
    if (of_key == by_key_.end())
        return nullptr;
    const auto now = core::Clock::now();
    Place* best = nullptr;
    Fitness best_fitness = Fitness::none;
    for (Place* place : of_key->second) {
        const Fitness its = fitness(*place, request);
        const bool may_begin = request.needs_that_connection || !place->connection->is_aged(now);
        if (its > best_fitness && may_begin) {
            best = place;
            best_fitness = its;
        }
    }
    return best;
}

Place* Places::aged(const LeaseRequest& request) const
{
    const auto of_key = by_key_.find(request.key);
    if (of_key == by_key_.end())
        return nullptr;
    const auto now = core::Clock::now();
    const auto found =
        std::find_if(of_key->second.begin(), of_key->second.end(), [&](const Place* place) {
            return place->leases == 0 && place->connection->is_aged(now) &&
                   fitness(*place, request) != Fitness::none;
        });
    return found == of_key->second.end() ? nullptr : *found;
}

void Places::add(std::shared_ptr<Connection> connection, const LeaseRequest& request)
{
    const std::uint64_t generation = connection->generation();
    Place& place = places_[generation];
    place.connection = std::move(connection);
    place.key = request.key;
    place.session = request.session;
    place.lane = request.lane;
    place.leases = 1;
    by_key_[place.key].push_back(&place);
}

void Places::take(Place& place, const LeaseRequest& request)
{
    if (place.leases == 0)
        rouse(place);
    ++place.leases;
    place.session = request.session;
    place.lane = request.lane;
}

void Places::give_back(Place& place)
{
    if (--place.leases == 0)
        rest(place);
}

void Places::remove(Place& place)
{
    if (place.leases == 0)
        rouse(place);
    const auto of_key = by_key_.find(place.key);
    std::erase(of_key->second, &place);
    if (of_key->second.empty())
        by_key_.erase(of_key);
    places_.erase(place.connection->generation());
}

void Places::leave(std::uint64_t session, const core::Digest& key)
{
    for (Place* place : of_session(session, key)) {
        const bool is_idle = place->leases == 0;
        if (is_idle)
            rouse(*place);
        place->session = 0;
        if (is_idle)
            rest(*place);
    }
}

void Places::rest(Place& place)
{
    auto& list = idle_list(place);
    place.idle_since = core::Clock::now();
    place.idle = list.insert(list.end(), &place);
    ++place.connection->account().life->parked;
}

void Places::rouse(Place& place)
{
    idle_list(place).erase(place.idle);
    --place.connection->account().life->parked;
}

Place* Places::of(std::uint64_t generation)
{
    const auto found = places_.find(generation);
    return found == places_.end() ? nullptr : &found->second;
}

Place* Places::oldest_idle(std::string_view account) const
{
    for (const auto* list : {&left_, &held_})
        for (Place* place : *list)
            if (place->connection->account().config.name == account)
                return place;
    return nullptr;
}

Place* Places::idle_before(core::Deadline then) const
{
    return !left_.empty() && left_.front()->idle_since < then ? left_.front() : nullptr;
}

std::vector<Place*> Places::of_session(std::uint64_t session, const core::Digest& key) const
{
    std::vector<Place*> found;
    const auto of_key = by_key_.find(key);
    if (of_key != by_key_.end())
        std::copy_if(of_key->second.begin(),
                     of_key->second.end(),
                     std::back_inserter(found),
                     [&](const Place* place) { return place->session == session; });
    return found;
}

std::vector<Place*> Places::all()
{
    std::vector<Place*> found;
    found.reserve(places_.size());
    for (auto& [generation, place] : places_)
        found.push_back(&place);
    return found;
}

} // namespace turngate::upstream
