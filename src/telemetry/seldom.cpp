#include "seldom.hpp"

namespace turngate::telemetry {

bool Seldom::is_due(std::string_view what, core::Deadline now)
{
    const std::lock_guard lock(mutex_);
    if (const auto known = again_.find(what); known != again_.end() && now < known->second)
        return false;
    if (again_.size() >= most_)
        std::erase_if(again_, [now](const auto& each) { return each.second <= now; });
    if (again_.size() >= most_)
        return false;
    again_.insert_or_assign(std::string(what), now + pause_);
    return true;
}

} // namespace turngate::telemetry
