#pragma once

#include "turngate/conversation/chain_budget.hpp"

#include <cstdint>
#include <utility>

namespace turngate::conversation {

class ChainShare;

// Bytes taken from a chain's share, given back at the end. The share outlives it.
class ChainCharge
{
public:
    ChainCharge() = default;
    ChainCharge(ChainCharge&& other) noexcept
        : share_(std::exchange(other.share_, nullptr)), bytes_(other.bytes_)
    {
    }
    ChainCharge& operator=(ChainCharge&& other) noexcept
    {
        std::swap(share_, other.share_);
        std::swap(bytes_, other.bytes_);
        return *this;
    }
    ~ChainCharge();

    explicit operator bool() const noexcept { return share_ != nullptr; }

private:
    friend class ChainShare;
    ChainCharge(ChainShare& share, std::uint64_t bytes) noexcept : share_(&share), bytes_(bytes) {}

    ChainShare* share_ = nullptr;
    std::uint64_t bytes_ = 0;
};

// What one chain holds, within its own limit and the process's.
class ChainShare
{
public:
    ChainShare(ChainBudget& process, std::uint64_t max) noexcept : process_(process), max_(max) {}
    ChainShare(const ChainShare&) = delete;
    ChainShare& operator=(const ChainShare&) = delete;

    ChainCharge take(std::uint64_t bytes) noexcept; // nothing when either limit forbids it

    // Whether bytes would fit if the chain gave back all but `kept`. Other chains may change that
    // meanwhile.
    bool could_take(std::uint64_t bytes, std::uint64_t kept) const noexcept;

    std::uint64_t used() const noexcept { return used_; }

private:
    friend class ChainCharge;
    void give_back(std::uint64_t bytes) noexcept;

    ChainBudget& process_;
    const std::uint64_t max_;
    std::uint64_t used_ = 0; // never more than max_
};

} // namespace turngate::conversation
