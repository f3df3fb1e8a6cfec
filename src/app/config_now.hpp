#pragma once

#include "turngate/config/config.hpp"

#include <memory>
#include <mutex>
#include <utility>

namespace turngate::app {

// The configuration in force, for threads that the snapshots are not of.
class ConfigNow
{
public:
    using Pointer = std::shared_ptr<const config::Config>;

    explicit ConfigNow(Pointer config) : config_(std::move(config)) {}

    void replace(Pointer config)
    {
        const std::lock_guard lock(mutex_);
        config_.swap(config);
    }

    Pointer get() const
    {
        const std::lock_guard lock(mutex_);
        return config_;
    }

private:
    mutable std::mutex mutex_;
    Pointer config_;
};

} // namespace turngate::app
