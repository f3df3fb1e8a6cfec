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

    // The upstream keeps input for the lane's next create. Asked once.
    bool take_queued() noexcept { return std::exchange(has_queued_, false); }

    // All that is open will not be done.
    std::list<Submission> give_up() { return std::exchange(submissions_, {}); }

private:
    std::list<Submission>::iterator find(std::string_view id);

    std::list<Submission> submissions_;
    bool has_queued_ = false;
};

} // namespace turngate::gateway
