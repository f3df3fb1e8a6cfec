#include "turngate/core/clock.hpp"
#include "turngate/core/id.hpp"
#include "turngate/state/state_store.hpp"

#include <array>
#include <deque>
#include <functional>
#include <mutex>
#include <unordered_map>

namespace turngate::state {
namespace {

constexpr auto kTtl = std::chrono::hours(24);
constexpr std::size_t kShards = 16;

// All entries live equally long, so the order of insertion is the order of expiry.
class Shard
{
public:
    std::optional<Binding> find(const std::string& key)
    {
        const std::lock_guard lock(mutex_);
        expire(core::Clock::now());
        const auto found = entries_.find(key);
        if (found == entries_.end())
            return std::nullopt;
        return found->second;
    }

    void put(std::string key, Binding binding, std::size_t max_bytes)
    {
        const std::lock_guard lock(mutex_);
        const auto now = core::Clock::now();
        expire(now);
        const auto [at, is_new] = entries_.try_emplace(std::move(key));
        if (!is_new)
            bytes_ -= size_of(*at);
        at->second = std::move(binding);
        bytes_ += size_of(*at);
        if (is_new)
            order_.push_back({now + kTtl, &at->first});
        while (bytes_ > max_bytes && order_.size() > 1)
            drop_oldest();
    }

private:
    using Entries = std::unordered_map<std::string, Binding>;

    struct Expiry
    {
        core::Deadline at;
        const std::string* key; // of the entry; nodes do not move
    };

    static std::size_t size_of(const Entries::value_type& entry)
    {
        constexpr std::size_t kNode =
            sizeof(Entries::value_type) + sizeof(Expiry) + 4 * sizeof(void*);
        return kNode + entry.first.capacity() + entry.second.account.capacity();
    }

    void expire(core::Deadline now)
    {
        while (!order_.empty() && order_.front().at <= now)
            drop_oldest();
    }

    void drop_oldest()
    {
        const auto found = entries_.find(*order_.front().key);
        order_.pop_front();
        bytes_ -= size_of(*found);
        entries_.erase(found);
    }

    std::mutex mutex_; // held for a look-up, once or twice a turn, never per event
    Entries entries_;
    std::deque<Expiry> order_;
    std::size_t bytes_ = 0;
};

class MemoryStore final : public StateStore
{
public:
    explicit MemoryStore(MemoryStoreLimits limits) : limits_(limits) {}

    net::Task<std::optional<Binding>> find_response(std::string_view tenant,
                                                    std::string_view response_id) override
    {
        const std::string key = key_of(tenant, response_id);
        co_return shard_of(key).find(key);
    }

    net::Task<> bind_response(std::string_view tenant,
                              std::string_view response_id,
                              Binding binding) override
    {
        std::string key = key_of(tenant, response_id);
        Shard& shard = shard_of(key);
        shard.put(std::move(key), std::move(binding), limits_.bytes / kShards);
        co_return;
    }

private:
    // NUL cannot be in a name, so no tenant can be made to look like another with a longer id.
    static std::string key_of(std::string_view tenant, std::string_view id)
    {
        std::string key;
        key.reserve(tenant.size() + 1 + id.size());
        key.append(tenant).push_back('\0');
        key.append(id);
        return key;
    }

    Shard& shard_of(const std::string& key)
    {
        return shards_[std::hash<std::string>()(key) % kShards];
    }

    MemoryStoreLimits limits_;
    std::array<Shard, kShards> shards_;
};

} // namespace

std::unique_ptr<StateStore> make_memory_store(MemoryStoreLimits limits)
{
    return std::make_unique<MemoryStore>(limits);
}

} // namespace turngate::state
