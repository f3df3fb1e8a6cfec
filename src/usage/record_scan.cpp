#include "record_scan.hpp"

#include "journal_frame.hpp"

#include <optional>

namespace turngate::usage {
namespace {

struct Found
{
    UsageRecord record;
    std::size_t bytes;
};

std::optional<Found> record_at(std::string_view bytes)
{
    const auto payload = frame_payload(bytes);
    auto record = payload ? decode(*payload) : std::nullopt;
    if (!record)
        return std::nullopt;
    return Found{std::move(*record), kFrameHead + payload->size()};
}

} // namespace

std::size_t take_records(std::string_view bytes, std::size_t max, std::vector<UsageRecord>& records)
{
    std::size_t used = 0;
    while (records.size() < max) {
        auto found = record_at(bytes.substr(used));
        if (!found)
            break;
        records.push_back(std::move(found->record));
        used += found->bytes;
    }
    return used;
}

bool begins_with_newer(std::string_view bytes)
{
    const auto payload = frame_payload(bytes);
    return payload && is_of_newer_program(*payload);
}

std::size_t bytes_to_skip(std::string_view bytes, bool are_last)
{
    for (std::size_t at = 1; at < bytes.size(); ++at)
        if (record_at(bytes.substr(at)) || begins_with_newer(bytes.substr(at)))
            return at;
    constexpr std::size_t kLongest = kFrameHead + kMaxPayload;
    return are_last || bytes.size() <= kLongest ? bytes.size() : bytes.size() - kLongest;
}

} // namespace turngate::usage
