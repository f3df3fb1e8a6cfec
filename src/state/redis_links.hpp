#pragma once

#include "redis_link.hpp"

#include <cstdlib>
#include <memory>
#include <vector>

namespace turngate::state {

// One link for each loop.
class RedisLinks
{
public:
    RedisLinks(const std::vector<net::Loop*>& loops, config::Redis config)
        : config_(std::move(config))
    {
        for (net::Loop* loop : loops)
            links_.push_back(std::make_unique<RedisLink>(*loop, config_));
    }

    // Of the loop that the caller runs on. Null: not one of those that were given.
    RedisLink* of(const net::Executor& executor) const noexcept
    {
        for (const auto& link : links_)
            if (link->loop().executor() == executor)
                return link.get();
        return nullptr;
    }
    RedisLink& of(const net::Loop& loop) const noexcept
    {
        for (const auto& link : links_)
            if (&link->loop() == &loop)
                return *link;
        std::abort(); // whoever asks runs on one of the loops
    }

    const std::vector<std::unique_ptr<RedisLink>>& all() const noexcept { return links_; }
    RedisLink& first() const noexcept { return *links_.front(); }
    const config::Redis& config() const noexcept { return config_; }

private:
    const config::Redis config_;
    std::vector<std::unique_ptr<RedisLink>> links_;
};

} // namespace turngate::state
