#pragma once

#include <atomic>
#include <cstdint>

namespace turngate::conversation {

// Bytes of all chains of the process. Any thread.
class ChainBudget
{
public:
    explicit ChainBudget(std::uint64_t max) noexcept : max_(max) {}

    bool take(std::uint64_t bytes) noexcept;
    void give_back(std::uint64_t bytes) noexcept;

    std::uint64_t used() const noexcept { return used_.load(std::memory_order_relaxed); }
    std::uint64_t left() const noexcept { return max_ - used(); } // a moment ago

private:
    const std::uint64_t max_;
    std::atomic<std::uint64_t> used_{0}; // never more than max_
};

} // namespace turngate::conversation
