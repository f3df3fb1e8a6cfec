#pragma once

#include "instance.hpp"
#include "redis_keys.hpp"
#include "redis_link.hpp"

#include <deque>
#include <map>
#include <set>

namespace turngate::state {

inline constexpr std::chrono::seconds kLease{30};      // behaviour.md section 3
inline constexpr std::chrono::seconds kRenewEvery{10}; // a third, so that two may fail

// The slots that were taken through one loop's link, by name and number, and how Redis is told.
// What Redis does not know of (it was away, or flushed) it is told again. The loop's thread alone.
class Leases final : private net::Ticked
{
public:
    Leases(RedisLink& link,
           const Instance& instance,
           unsigned loop,
           std::chrono::milliseconds lease);
    ~Leases() = default;

    void start(); // the renewals

    // Up to `count`; all if Redis is away. Returns their numbers.
    net::Task<std::vector<std::uint64_t>> take(std::string name,
                                               unsigned limit,
                                               unsigned count,
                                               std::int64_t waited_ms);
    void give_back(const std::string& name, std::uint64_t number);
    void leave(const std::string& name);

    // Redis has come back or has forgotten everything.
    void tell_all();

private:
    struct Release
    {
        std::string name;
        std::uint64_t number;
    };
    using Numbers = std::set<std::uint64_t>;

    void on_tick(core::Deadline now) override;
    void know(const std::string& name);
    void tell_names();
    void begin_renewal(core::Deadline now);
    void tell_some();
    void renew(const std::string& name);
    void release(Release release);
    std::string member(std::uint64_t number) const;
    Command keys(const std::string& name) const;

    RedisLink& link_;
    const Instance& instance_;
    const std::string prefix_; // of the members
    const std::chrono::milliseconds lease_;
    core::Deadline renew_at_{};
    std::deque<std::string> due_; // names to renew, some with each tick
    std::uint64_t last_ = 0;
    std::map<std::string, Numbers> held_;
    std::set<std::string> known_; // names that Redis has for our next life to purge
    std::deque<Release> untold_;  // given back while Redis was away
};

} // namespace turngate::state
