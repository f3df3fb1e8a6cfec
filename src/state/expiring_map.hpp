#pragma once

#include "turngate/core/clock.hpp"

#include <array>
#include <functional>
#include <list>
#include <mutex>
#include <optional>
#include <string>
#include <unordered_map>

namespace turngate::state {

// Entries that all live equally long after they were put, so that the order of putting is that of
// expiry. Bounded by bytes: beyond, the oldest go. `bytes_of(Value)` says what a value owns. Safe
// from all threads.
template <class Value>
class ExpiringMap
{
public:
    ExpiringMap(std::chrono::seconds ttl, std::size_t max_bytes)
        : ttl_(ttl), shard_bytes_(max_bytes / kShards)
    {
    }

    std::optional<Value> find(const std::string& key) { return shard_of(key).find(key); }

    void put(std::string key, Value value)
    {
        Shard& shard = shard_of(key);
        shard.put(std::move(key), std::move(value), ttl_, shard_bytes_);
    }

    void erase(const std::string& key) { shard_of(key).erase(key); }

private:
    static constexpr std::size_t kShards = 16;

    class Shard
    {
    public:
        std::optional<Value> find(const std::string& key)
        {
            const std::lock_guard lock(mutex_);
            expire(core::Clock::now());
            const auto found = entries_.find(key);
            if (found == entries_.end())
                return std::nullopt;
            return found->second.value;
        }

        void put(std::string key, Value value, std::chrono::seconds ttl, std::size_t max_bytes)
        {
            const std::lock_guard lock(mutex_);
            const auto now = core::Clock::now();
            expire(now);
            const auto [at, is_new] = entries_.try_emplace(std::move(key));
            if (!is_new) {
                bytes_ -= size_of(*at);
                order_.erase(at->second.expiry);
            }
            at->second.value = std::move(value);
            at->second.expiry = order_.insert(order_.end(), {now + ttl, &at->first});
            bytes_ += size_of(*at);
            while (bytes_ > max_bytes && order_.size() > 1)
                drop_oldest();
        }

        void erase(const std::string& key)
        {
            const std::lock_guard lock(mutex_);
            const auto found = entries_.find(key);
            if (found == entries_.end())
                return;
            bytes_ -= size_of(*found);
            order_.erase(found->second.expiry);
            entries_.erase(found);
        }

    private:
        struct Expiry
        {
            core::Deadline at;
            const std::string* key; // of the entry; nodes do not move
        };

        struct Entry
        {
            Value value;
            typename std::list<Expiry>::iterator expiry;
        };

        using Entries = std::unordered_map<std::string, Entry>;

        static std::size_t size_of(const typename Entries::value_type& entry)
        {
            constexpr std::size_t kNode =
                sizeof(typename Entries::value_type) + sizeof(Expiry) + 6 * sizeof(void*);
            return kNode + entry.first.capacity() + bytes_of(entry.second.value);
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
        std::list<Expiry> order_;
        std::size_t bytes_ = 0;
    };

    Shard& shard_of(const std::string& key)
    {
        return shards_[std::hash<std::string>()(key) % kShards];
    }

    const std::chrono::seconds ttl_;
    const std::size_t shard_bytes_;
    std::array<Shard, kShards> shards_;
};

} // namespace turngate::state
