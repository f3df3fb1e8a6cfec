#include "meter.hpp"

#include <algorithm>

namespace turngate::gateway {
namespace {

constexpr std::int64_t kBytesPerToken = 4;

// How many bytes of a delta event are not its text.
std::uint64_t overhead_of(std::string_view event) noexcept
{
    constexpr std::string_view kKey = "\"delta\":\"";
    const auto key = event.find(kKey);
    if (key == std::string_view::npos)
        return event.size();
    const auto begin = key + kKey.size();
    auto end = event.find('"', begin);
    while (end != std::string_view::npos && event[end - 1] == '\\')
        end = event.find('"', end + 1);
    return event.size() - (std::min(end, event.size()) - begin);
}

} // namespace

void Meter::count_delta(std::string_view event) noexcept
{
    has_content_ = true;
    if (deltas_++ == 0)
        overhead_ = overhead_of(event);
    bytes_ += event.size();
}

std::int64_t Meter::estimated_output_tokens() const noexcept
{
    const std::uint64_t overhead = deltas_ * overhead_;
    const std::uint64_t text = bytes_ > overhead ? bytes_ - overhead : 0;
    return (static_cast<std::int64_t>(text) + kBytesPerToken - 1) / kBytesPerToken;
}

} // namespace turngate::gateway
