#pragma once

#include "instance.hpp"
#include "redis_link.hpp"

#include "turngate/state/bulletin.hpp"

#include <functional>

namespace turngate::state {

// Carries notes between this gateway's bulletin and those of the others: tells Redis what is
// published here, and once a second reads what all have told, in one pipeline for the whole
// process. What Redis has forgotten is told again. Belongs to one loop.
class RedisBulletin final : private net::Ticked
{
public:
    // on_flushed: Redis has lost everything since the last look.
    RedisBulletin(RedisLink& link,
                  Bulletin& bulletin,
                  const Instance& instance,
                  std::function<void()> on_flushed);
    ~RedisBulletin();

    void start();

private:
    void on_tick(core::Deadline now) override;
    void look();
    void look_for_flush();
    void on_notes(const Answer& answer);
    void tell(const std::string& subject, const Note& note);

    RedisLink& link_;
    Bulletin& bulletin_;
    const std::string seen_key_;
    const std::function<void()> on_flushed_;
    core::Deadline look_at_{};
    bool was_seen_ = false; // our mark was there since the link is up
};

} // namespace turngate::state
