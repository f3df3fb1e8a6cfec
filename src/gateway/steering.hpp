#pragma once

#include "turngate/protocol/upstream_event.hpp"

#include <list>
#include <string>
#include <string_view>
#include <utility>

namespace turngate::gateway {

// What a client wants added to its running response (`response.steer`), until the upstream has made
// a successor of it or given it back (protocol.md section 6). A machine.
class Steering
{
public:
    struct Submission
    {
        std::string input;  // raw JSON: a string, or an array of items
        std::string target; // the response that was steered
        std::string id;     // the upstream's; empty: not accepted yet
    };

    void submit(std::string_view input, std::string_view target);
    void on_answer(const protocol::SteerEvent& answer);

    // The successor's response.created has come: it has all that was accepted. Returns that as one
    // JSON array of items.
    std::string begin_successor();

    // Something has been submitted whose fate is open: a successor may follow the running response.
    bool is_open() const noexcept { return !submissions_.empty(); }

    // More is not to be submitted before some of it has its fate.
    bool is_full() const noexcept;

    // What the upstream keeps for the next create that goes on from the steered response, as one
    // JSON array of items; empty: nothing. Asked once.
    std::string take_queued() noexcept { return std::exchange(queued_, {}); }

    // All that is open will not be done.
    std::list<Submission> give_up() { return std::exchange(submissions_, {}); }

private:
    std::list<Submission>::iterator find(std::string_view id);

    std::list<Submission> submissions_;
    std::string queued_;
};

// Two raw inputs as one JSON array of items; either may be empty, a string or an array.
std::string join_inputs(std::string_view first, std::string_view second);

} // namespace turngate::gateway
