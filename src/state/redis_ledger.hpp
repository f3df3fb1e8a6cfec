#pragma once

#include "leases.hpp"
#include "redis_links.hpp"
#include "slot_ledger.hpp"

#include <mutex>
#include <unordered_map>

namespace turngate::state {

// Slots counted in Redis, and the Slots of this process that are to hear of those given back
// elsewhere. Slots may outlive the links and the loops; then it has ended.
class RedisLedger final : public SlotLedger
{
public:
    RedisLedger(const RedisLinks& links,
                const Instance& instance,
                std::chrono::milliseconds lease = kLease);

    // On the loop's thread, before anything is taken there.
    void start(net::Loop& loop);
    // Nothing is taken any more; what is given back later, nobody is told. No loop runs.
    void end() noexcept;

    std::shared_ptr<Slots> make(std::string name,
                                unsigned limit,
                                unsigned max_waiting,
                                std::shared_ptr<RedisLedger> self);
    void on_notice(const std::string& name); // any thread
    void tell_all();                         // any thread; Redis was flushed
    // What a dead life of this gateway held is given back. On the first link's loop.
    void purge(const std::string& dead);

    net::Task<std::vector<Permit>> take(net::Loop& loop, Ask ask) override;
    void give_back(const std::string& name, Permit permit) override;
    void leave(net::Loop& loop, const std::string& name) override;
    void spawn(net::Loop& loop, const char* name, net::Task<> task) override;

private:
    unsigned index_of(const net::Loop& loop) const;
    Leases& of(const net::Loop& loop) const;
    net::Task<> purge_all(std::string dead);

    const RedisLinks& links_;
    const Instance instance_;
    std::vector<std::unique_ptr<Leases>> leases_; // as the links; none: ended
    std::mutex mutex_;
    std::unordered_multimap<std::string, std::weak_ptr<Slots>> slots_;
    std::size_t sweep_at_ = 1'000;
};

} // namespace turngate::state
