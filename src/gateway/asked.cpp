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

std::optional<ControlKind> answered_by(std::string_view event) noexcept
{
    const auto has = [&](std::string_view type) { return event.find(type) != event.npos; };
    if (has("\"response.interrupt.accepted\""))
        return ControlKind::interrupt;
    if (has("\"response.inject.created\"") || has("\"response.inject.failed\""))
        return ControlKind::inject;
    return std::nullopt;
}

} // namespace turngate::gateway
