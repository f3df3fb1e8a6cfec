#pragma once

#include "event_log.hpp"
#include "rooms.hpp"

#include <list>
#include <memory>
#include <mutex>
#include <optional>
#include <string>
#include <string_view>
#include <unordered_map>

namespace turngate::gateway {

// Of the whole process: what all event logs hold, and on which loop a response's log is. Any
// thread; a look-up holds a lock for as long as it takes.
class LogPlaces
{
public:
    explicit LogPlaces(std::uint64_t most) : bytes(most) {}

    std::optional<unsigned> find(std::string_view tenant, std::string_view response_id) const;
    void put(const std::string& key, unsigned loop);
    void erase(const std::string& key, unsigned loop); // if it is there

    // NUL cannot be in a name.
    static std::string key_of(std::string_view tenant, std::string_view response_id);

    core::ByteBudget bytes;

private:
    mutable std::mutex mutex_;
    std::unordered_map<std::string, unsigned> loops_;
};

// One loop's logs of background responses, by their ids: from response.created until
// `background.keep` after the end. Outlives the logs.
class EventLogs final : private net::Ticked
{
public:
    EventLogs(Rooms& rooms, LogPlaces& places);
    ~EventLogs();

    // For a turn that is about to begin; held by whoever runs it until the response has an id.
    std::shared_ptr<EventLog> open(std::string tenant, const core::Digest& session);
    std::shared_ptr<EventLog> find(std::string_view tenant, std::string_view response_id) const;
    // As unknown from now on as one that never was.
    void forget(const EventLog& log);

    // For the logs.
    core::ByteBudget& bytes() noexcept { return places_.bytes; }
    void know(EventLog& log, std::string_view response_id);
    void note_end(EventLog& log);
    // Of those that have ended. False: there is none.
    bool forget_oldest();
    void note_overflow();

private:
    struct Ended
    {
        core::Deadline at;
        std::weak_ptr<EventLog> log;
    };

    void on_tick(core::Deadline now) override;

    Rooms& rooms_;
    LogPlaces& places_;
    std::unordered_map<std::string, std::shared_ptr<EventLog>> logs_;
    std::list<Ended> ended_; // longest first
};

} // namespace turngate::gateway
