#pragma once

#include "client_event.hpp"
#include "context.hpp"
#include "storage.hpp"

#include <cstdint>
#include <deque>
#include <map>
#include <optional>
#include <string>
#include <string_view>

namespace turngate::sim {

enum class ParentKind : std::uint8_t { none, memory, stored };

// A create whose time has come.
struct Start
{
    Create create;
    ContextPtr parent; // null: a new conversation
    ParentKind kind = ParentKind::none;
    std::optional<Error> refusal; // set: it ends here, and its lane is free again
};

// The rules of lanes and of continuation on one connection (protocol.md sections 4 and 5). No I/O,
// no clock: admit what comes, start what may start, say how it ended.
class Lanes
{
public:
    static constexpr std::size_t kInFlight = 16;
    static constexpr std::size_t kNames = 32;

    // `owner`: whose stored responses can be continued; `seal`: whose reasoning can be read, empty:
    // anybody's.
    Lanes(const Storage& storage, std::string owner, std::string seal = {})
        : storage_(storage), owner_(std::move(owner)), seal_(std::move(seal))
    {
    }

    // Queues it, or says why not.
    std::optional<Error> admit(Create create);
    // Goes before all that waits: a steered successor inherits its lane at once.
    void admit_first(Create create) { waiting_.push_front(std::move(create)); }

    // The next in order of arrival whose lane is free, while fewer than 16 run.
    std::optional<Start> next();

    // The lane's response ended and can be continued: it is the lane's latest now.
    void finished(std::string_view lane, ContextPtr response);
    // It ended in an error: what it continued on its own lane is gone from memory.
    void failed(std::string_view lane);

    std::size_t in_flight() const noexcept { return in_flight_; }
    std::size_t waiting() const noexcept { return waiting_.size(); }

private:
    struct Lane
    {
        ContextPtr latest;
        bool is_busy = false;
        bool continues_latest = false;
    };

    std::deque<Create>::iterator first_free();
    Start resolve(Create create, Lane& lane) const;
    bool is_readable(const std::string& sealed) const;
    ContextPtr in_memory(const std::string& id, const Lane& own) const;
    void release(Lane& lane);

    const Storage& storage_;
    std::string owner_;
    std::string seal_;
    std::map<std::string, Lane, std::less<>> lanes_;
    std::deque<Create> waiting_;
    std::size_t in_flight_ = 0;
};

} // namespace turngate::sim
