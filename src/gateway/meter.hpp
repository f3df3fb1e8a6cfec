#pragma once

#include "turngate/core/clock.hpp"

#include <cstdint>
#include <optional>
#include <string_view>

namespace turngate::gateway {

// Counts what one response has brought: when its content began, and how much of it there was. For
// the bill of a response whose end never says.
class Meter
{
public:
    // A delta event. No clock is asked: that is for the end of the read.
    void count_delta(std::string_view event) noexcept;
    // An item is complete; content where no delta came (behaviour.md section 7).
    void count_item() noexcept { has_content_ = true; }
    // All that one read brought has been counted.
    void end_read(core::Deadline now) noexcept
    {
        if (has_content_ && !first_content_at_)
            first_content_at_ = now;
    }

    std::optional<core::Deadline> first_content_at() const noexcept { return first_content_at_; }
    // Of the content that was relayed, by its size: about four bytes each.
    std::int64_t estimated_output_tokens() const noexcept;

private:
    std::optional<core::Deadline> first_content_at_;
    std::uint64_t deltas_ = 0;
    std::uint64_t bytes_ = 0;
    std::uint64_t overhead_ = 0; // bytes of a delta event around its text, as in the first one
    bool has_content_ = false;
};

} // namespace turngate::gateway
