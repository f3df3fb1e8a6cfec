#pragma once

#include "turngate/core/fault.hpp"

#include <optional>
#include <tuple>
#include <utility>

namespace turngate::net {

// The reason for a task to stop, and whom to wake for it. A task waits for one thing at a time, so
// there is one slot: each wait that can be long puts itself there for its duration. Single loop.
class Stop
{
public:
    Stop() = default;
    Stop(const Stop&) = delete;
    Stop& operator=(const Stop&) = delete;

    // The first reason stays.
    void request(core::Fault reason)
    {
        if (reason_)
            return;
        reason_ = reason;
        if (wake_)
            wake_(target_);
    }

    // Whoever was told goes on after all, and can be told to stop anew.
    void withdraw() noexcept { reason_.reset(); }

    bool requested() const noexcept { return reason_.has_value(); }
    const core::Fault& reason() const { return reason_.value(); }

    // While it lives, `(target->*wake)()` is called when a stop is requested. Not called for one
    // that was requested before: look at requested() first.
    template <class T, void (T::*wake)()>
    class Slot
    {
    public:
        Slot(Stop& stop, T& target)
            : stop_(stop), previous_(std::exchange(stop.target_, &target), stop.wake_)
        {
            stop_.wake_ = [](void* t) { (static_cast<T*>(t)->*wake)(); };
        }
        ~Slot() { std::tie(stop_.target_, stop_.wake_) = previous_; }
        Slot(const Slot&) = delete;
        Slot& operator=(const Slot&) = delete;

    private:
        Stop& stop_;
        std::pair<void*, void (*)(void*)> previous_;
    };

private:
    std::optional<core::Fault> reason_;
    void* target_ = nullptr;
    void (*wake_)(void*) = nullptr;
};

} // namespace turngate::net
