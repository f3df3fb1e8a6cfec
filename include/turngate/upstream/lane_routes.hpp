#pragma once

#include "turngate/upstream/frame_sink.hpp"

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
    // As detach; but a response still runs on the lane, and nobody wants it.
    void abandon(FrameSink& sink);
    bool is_attached() const noexcept { return !routes_.empty(); }

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

    void end_read();
    void demultiplex(std::span<const net::Frame> messages);
    void deliver(std::span<const net::Frame> run, std::string_view lane);
    std::span<const net::Frame> drop_abandoned(std::span<const net::Frame> run,
                                               std::string_view lane);
    bool is_for_all(const net::Frame& frame) const;
    void tell_all(const net::Frame& frame);
    void tell_one(const net::Frame& frame);
    const Route* who_asked(const net::Frame& frame) const;
    const Route* find(std::string_view lane) const;
    bool is_abandoned(std::string_view lane) const;

    std::vector<Route> routes_;                // turns that run; at most 16
    std::vector<std::string> abandoned_;       // lanes whose response nobody waits for any more
    std::set<std::string, std::less<>> lanes_; // used so far; at most 32 and the default one
};

} // namespace turngate::upstream
