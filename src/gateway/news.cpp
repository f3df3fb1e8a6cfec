#include "news.hpp"

namespace turngate::gateway {
namespace {

constexpr auto kInterval = std::chrono::seconds(1);

core::Deadline from_wall(core::Timestamp at, core::Deadline now)
{
    return now + std::chrono::duration_cast<core::Clock::duration>(at - core::wall_now());
}

} // namespace

News::News(Rooms& rooms) : rooms_(rooms)
{
    rooms_.loop.tick(*this);
}

void News::on_tick(core::Deadline now)
{
    if (now < next_)
        return;
    next_ = now + kInterval;
    for (const auto& account : rooms_.snapshot->accounts.all())
        bring(*account, now);
}

void News::bring(const accounts::Account& account, core::Deadline now)
{
    const std::string& name = account.config.name;
    if (const auto until = rooms_.bulletin.cooling(name))
        account.life->cool_until(from_wall(*until, now));
    for (const char* window : {"primary", "secondary"})
        if (const auto quota = rooms_.bulletin.quota(name, window))
            account.life->health.quota.report(
                window, quota->used_percent, from_wall(quota->resets_at, now));
}

} // namespace turngate::gateway
