#include "turngate/conversation/chain_budget.hpp"

namespace turngate::conversation {

bool ChainBudget::take(std::uint64_t bytes) noexcept
{
    std::uint64_t used = used_.load(std::memory_order_relaxed);
    do {
        if (bytes > max_ - used)
            return false;
    } while (!used_.compare_exchange_weak(used, used + bytes, std::memory_order_relaxed));
    return true;
}

void ChainBudget::give_back(std::uint64_t bytes) noexcept
{
    used_.fetch_sub(bytes, std::memory_order_relaxed);
}

} // namespace turngate::conversation
