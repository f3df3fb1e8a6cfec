#pragma once

#include <atomic>
#include <cstdint>
#include <utility>

namespace turngate::core {

// A bound on the bytes that many hold at the same time. Any thread; outlives its shares.
class ByteBudget
{
public:
    explicit ByteBudget(std::uint64_t most) : most_(most) {}

    // For what is asked for from now on; nobody loses what they hold.
    void set_most(std::uint64_t bytes) noexcept { most_.store(bytes, std::memory_order_relaxed); }
    std::uint64_t held() const noexcept { return held_.load(std::memory_order_relaxed); }

    // What one of them holds; its destructor gives it back.
    class Share
    {
    public:
        Share() = default; // of nothing
        explicit Share(ByteBudget& budget) noexcept : budget_(&budget) {}
        ~Share() { resize(0); }
        Share(Share&& other) noexcept
            : budget_(other.budget_), bytes_(std::exchange(other.bytes_, 0))
        {
        }
        Share& operator=(Share&& other) noexcept
        {
            std::swap(budget_, other.budget_);
            std::swap(bytes_, other.bytes_);
            return *this;
        }

        // Holds so many from now on. False: there is no room for more, and it holds what it held.
        bool resize(std::uint64_t bytes) noexcept
        {
            const bool is_more = bytes > bytes_;
            if (is_more && !(budget_ && budget_->take(bytes - bytes_)))
                return false;
            if (bytes < bytes_)
                budget_->held_.fetch_sub(bytes_ - bytes, std::memory_order_relaxed);
            bytes_ = bytes;
            return true;
        }
        std::uint64_t bytes() const noexcept { return bytes_; }

    private:
        ByteBudget* budget_ = nullptr;
        std::uint64_t bytes_ = 0;
    };

private:
    bool take(std::uint64_t bytes) noexcept
    {
        const std::uint64_t before = held_.fetch_add(bytes, std::memory_order_relaxed);
        if (before + bytes <= most_.load(std::memory_order_relaxed))
            return true;
        held_.fetch_sub(bytes, std::memory_order_relaxed);
        return false;
    }

    std::atomic<std::uint64_t> most_;
    std::atomic<std::uint64_t> held_{0};
};

} // namespace turngate::core
