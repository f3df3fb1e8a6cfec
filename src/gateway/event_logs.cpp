#include "event_logs.hpp"

#include <utility>

namespace turngate::gateway {

std::string LogPlaces::key_of(std::string_view tenant, std::string_view response_id)
{
    std::string key(tenant);
    key.push_back('\0');
    key.append(response_id);
    return key;
}

std::optional<unsigned> LogPlaces::find(std::string_view tenant, std::string_view response_id) const
{
    const std::string key = key_of(tenant, response_id);
    const std::lock_guard lock(mutex_);
    const auto found = loops_.find(key);
    return found == loops_.end() ? std::nullopt : std::optional(found->second);
}

void LogPlaces::put(const std::string& key, unsigned loop)
{
    const std::lock_guard lock(mutex_);
    loops_[key] = loop;
}

void LogPlaces::erase(const std::string& key, unsigned loop)
{
    const std::lock_guard lock(mutex_);
    const auto found = loops_.find(key);
    if (found != loops_.end() && found->second == loop)
        loops_.erase(found);
}

EventLogs::EventLogs(Rooms& rooms, LogPlaces& places) : rooms_(rooms), places_(places)
{
    rooms_.loop.tick(*this);
}

EventLogs::~EventLogs() = default;

std::shared_ptr<EventLog> EventLogs::open(std::string tenant, const core::Digest& session)
{
    const config::Config& config = *rooms_.snapshot->config;
    const EventLog::Limits limits{config.background.max_log, config.relay.max_buffer};
    return std::make_shared<EventLog>(*this, std::move(tenant), session, limits);
}

std::shared_ptr<EventLog> EventLogs::find(std::string_view tenant,
                                          std::string_view response_id) const
{
    const auto found = logs_.find(LogPlaces::key_of(tenant, response_id));
    return found == logs_.end() ? nullptr : found->second;
}

// Of two with one id, which odd servers give, the later one is known.
void EventLogs::know(EventLog& log, std::string_view response_id)
{
    std::string key = LogPlaces::key_of(log.tenant(), response_id);
    places_.put(key, rooms_.loop.index());
    logs_[std::move(key)] = log.shared_from_this();
}

void EventLogs::forget(const EventLog& log)
{
    for (const std::string& id : log.ids()) {
        const std::string key = LogPlaces::key_of(log.tenant(), id);
        const auto found = logs_.find(key);
        if (found == logs_.end() || found->second.get() != &log)
            continue;
        places_.erase(key, rooms_.loop.index());
        logs_.erase(found);
    }
}

void EventLogs::note_end(EventLog& log)
{
    ended_.push_back({core::Clock::now(), log.weak_from_this()});
}

bool EventLogs::forget_oldest()
{
    if (ended_.empty())
        return false;
    if (const auto log = ended_.front().log.lock())
        forget(*log);
    ended_.pop_front();
    return true;
}

void EventLogs::note_overflow()
{
    rooms_.metrics.background_overflows.add();
}

void EventLogs::on_tick(core::Deadline now)
{
    const auto keep = rooms_.snapshot->config->background.keep;
    while (!ended_.empty() && ended_.front().at + keep <= now)
        forget_oldest();
}

} // namespace turngate::gateway
