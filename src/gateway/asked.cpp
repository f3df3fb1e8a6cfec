#include "asked.hpp"

#include <algorithm>

namespace turngate::gateway {

void Asked::answered(ControlKind kind)
{
    const auto found = std::find(kinds_.begin(), kinds_.end(), kind);
    if (found != kinds_.end())
        kinds_.erase(found);
}

std::optional<ControlKind> Asked::refused()
{
    if (kinds_.empty())
        return std::nullopt;
    const ControlKind oldest = kinds_.front();
    kinds_.pop_front();
    return oldest;
}

} // namespace turngate::gateway
