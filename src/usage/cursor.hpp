#pragma once

#include "turngate/core/clock.hpp"

#include <string>
#include <string_view>

namespace turngate::usage {

// Where a page ended: pages are ordered by (started_at, response_uid), newest first, so rows that
// arrive between two pages neither repeat nor hide others. Opaque to clients; the same for every
// repository.
struct Cursor
{
    core::Timestamp started_at;
    std::string response_uid;

    std::string text() const;
    static Cursor parse(std::string_view text); // throws std::invalid_argument
};

} // namespace turngate::usage
