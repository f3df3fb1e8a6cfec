#pragma once

#include "client_output.hpp"

#include "turngate/core/clock.hpp"

#include <algorithm>
#include <chrono>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace turngate::gateway {

// What the client has seen of a turn.
enum class Seen : std::uint8_t { nothing, lifecycle, content };

// The same over all attempts at it, each of which has a relay of its own.
struct Shown
{
    Seen seen = Seen::nothing;
    std::optional<core::Deadline> hold_until{}; // set by the first event that is held back
    bool is_hold_over = false;
    std::string last_begun{}; // id of the turn's last response.created, whoever saw it

    // This has gone to the client, who sees it now or with the end.
    void note(Seen what, const ClientOutput& client)
    {
        if (client.shows_at_once())
            seen = std::max(seen, what);
    }
};

// Events without content, held back in order while a failure could still be mended unseen
// (behaviour.md section 5): until content comes, for `window` at most from the turn's first one.
class Hold
{
public:
    Hold(Shown& shown, std::chrono::milliseconds window) noexcept : shown_(shown), window_(window)
    {
    }

    // Keeps the event back. False: it is to be shown.
    bool keep(std::string_view event);
    // What was kept goes to the client, which has seen that much.
    void release(ClientOutput& client);
    bool is_empty() const noexcept { return held_.empty(); }

    // When the window ends; max: it has not begun, or is over.
    core::Deadline until() const noexcept;
    void end_window() noexcept { shown_.is_hold_over = true; }

private:
    Shown& shown_;
    const std::chrono::milliseconds window_;
    std::vector<std::string> held_;
    std::uint64_t bytes_ = 0;
};

} // namespace turngate::gateway
