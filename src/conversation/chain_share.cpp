#include "turngate/conversation/chain_share.hpp"

namespace turngate::conversation {

ChainCharge::~ChainCharge()
{
    if (share_)
        share_->give_back(bytes_);
}

ChainCharge ChainShare::take(std::uint64_t bytes) noexcept
{
    if (bytes > max_ - used_ || !process_.take(bytes))
        return {};
    used_ += bytes;
    return {*this, bytes};
}

bool ChainShare::could_take(std::uint64_t bytes, std::uint64_t kept) const noexcept
{
    return bytes <= max_ - kept && bytes <= process_.left() + (used_ - kept);
}

void ChainShare::give_back(std::uint64_t bytes) noexcept
{
    used_ -= bytes;
    process_.give_back(bytes);
}

} // namespace turngate::conversation
