#include "news.hpp"

#include <utility>

namespace turngate::gateway {
namespace {

constexpr auto kInterval = std::chrono::seconds(1);

core::Deadline from_wall(core::Timestamp at, core::Deadline now)
{
    return now + std::chrono::duration_cast<core::Clock::duration>(at - core::wall_now());
}

core::Timestamp to_wall(core::Deadline at, core::Deadline now)
{
    return core::wall_now() + std::chrono::duration_cast<std::chrono::microseconds>(at - now);
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
    bring_cooling(now);
    for (const auto& account : rooms_.snapshot->accounts.all())
        bring_quota(*account, now);
}

// That it was lifted is brought once: the account may have begun to cool anew, here.
void News::bring_cooling(core::Deadline now)
{
    std::map<std::string, std::int64_t> lifted;
    for (const auto& each : rooms_.bulletin.coolings()) {
        const auto account = rooms_.snapshot->accounts.find(each.account);
        if (!account)
            continue;
        if (!each.is_lifted) {
            account->standing->cool_until(each.model, from_wall(each.until, now));
            continue;
        }
        const std::string subject = each.account + '/' + each.model;
        lifted[subject] = each.rank;
        if (const auto known = lifted_.find(subject);
            known == lifted_.end() || known->second != each.rank)
            account->standing->end_cooling(each.model);
    }
    lifted_ = std::move(lifted);
}

void News::bring_quota(const accounts::Account& account, core::Deadline now)
{
    for (const char* window : {"primary", "secondary"})
        if (const auto quota = rooms_.bulletin.quota(account.config.name, window))
            account.standing->quota().report(
                window, quota->used_percent, from_wall(quota->resets_at, now));
}

void tell_cooling(state::Bulletin& bulletin,
                  const accounts::Account& account,
                  std::string_view model,
                  core::Deadline now)
{
    for (const auto& cooling : account.standing->coolings(now))
        if (cooling.model == model)
            bulletin.publish_cooling(account.config.name, model, to_wall(cooling.until, now));
}

} // namespace turngate::gateway
