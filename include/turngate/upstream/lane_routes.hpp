#pragma once

#include "turngate/upstream/frame_sink.hpp"

#include <deque>
#include <functional>
#include <set>
#include <span>
#include <string>
#include <string_view>
#include <vector>

namespace turngate::upstream {

// Which turn gets what one connection brings: each event goes to the turn of its lane ("": the
// default one), and what belongs to none is dropped. No I/O.
class LaneRoutes
{
public:
    // Nothing runs on the lane, and the upstream will not refuse another response or another name
    // (protocol.md section 4).
    bool takes(std::string_view lane) const;

    // takes(lane).
    void attach(FrameSink& sink, std::string_view lane);
    void detach(FrameSink& sink);
    // As detach; but a response still runs on the lane, and nobody wants it. Its id is empty if it
    // has not begun.
    void abandon(FrameSink& sink, std::string_view response_id);
    bool is_attached() const noexcept { return !routes_.empty(); }

    // Whatever names the response from here on is nobody's. The last 32 are known.
    void note_ended(std::string_view response_id);
    bool has_ended(std::string_view response_id) const noexcept;

    // The messages of one read.
    void hand_out(std::span<const net::Frame> messages);
    // Nothing comes any more.
    void lose(const net::Closing& closing);

private:
    struct Route
    {
        FrameSink* sink;
        std::string lane;
    };

    // What is still to come of a response that nobody waits for.
    struct Rest
    {
        std::string lane;
        std::string response_id; // empty: it has not begun
    };

    void end_read();
    void demultiplex(std::span<const net::Frame> messages);
    void deliver(std::span<const net::Frame> run, std::string_view lane);
    std::span<const net::Frame> drop_abandoned(std::span<const net::Frame> run,
                                               std::string_view lane);
    bool ends(Rest& rest, const net::Frame& frame);
    bool is_for_all(const net::Frame& frame) const;
    void tell_all(const net::Frame& frame);
    void tell_one(const net::Frame& frame);
    const Route* who_asked(const net::Frame& frame) const;
    const Route* find(std::string_view lane) const;
    bool is_abandoned(std::string_view lane) const;

    std::vector<Route> routes_;                // turns that run; at most 16
    std::vector<Rest> abandoned_;              // one a lane
    std::deque<std::string> ended_;            // response ids, oldest first
    std::set<std::string, std::less<>> lanes_; // used so far; at most 32 and the default one
};

} // namespace turngate::upstream
