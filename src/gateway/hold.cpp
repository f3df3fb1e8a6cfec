#include "hold.hpp"

namespace turngate::gateway {
namespace {

constexpr std::uint64_t kMaxHeld = 1 << 20;

} // namespace

bool Hold::keep(std::string_view event)
{
    if (shown_.seen != Seen::nothing || shown_.is_hold_over || window_.count() == 0 ||
        bytes_ + event.size() > kMaxHeld)
        return false;
    bytes_ += event.size();
    held_.emplace_back(event);
    if (!shown_.hold_until) // once a turn
        shown_.hold_until = core::Clock::now() + window_;
    return true;
}

void Hold::release(ClientOutput& client)
{
    if (held_.empty())
        return;
    for (const std::string& event : held_)
        client.send(event);
    held_.clear();
    shown_.note(Seen::lifecycle, client);
}

core::Deadline Hold::until() const noexcept
{
    if (shown_.is_hold_over || !shown_.hold_until)
        return core::Deadline::max();
    return *shown_.hold_until;
}

} // namespace turngate::gateway
