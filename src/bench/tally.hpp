#pragma once

#include "histogram.hpp"

#include <array>
#include <cstdint>
#include <map>
#include <string>
#include <string_view>
#include <vector>

namespace turngate::bench {

// What must never be seen on the wire, whatever is in between.
enum class Violation : std::uint8_t {
    no_created,       // an event before the response began
    second_created,   // a response begins while another is running
    sequence_missing, // an event without its number
    sequence_gap,     // lost, doubled or out of order
    foreign_response, // the end of a response that is not ours
    foreign_item,     // content of an item that this response has not announced
    text_differs,     // the deltas do not add up to the text
    delta_count,      // more or fewer than announced
    after_terminal,   // events of a response that was over
    no_event,         // what came can be none: a binary message, another content-type
};
inline constexpr std::size_t kViolations = 10;

std::string_view name_of(Violation violation) noexcept;

// What one thread's clients have counted. Merged when they pause.
struct Tally
{
    std::uint64_t events = 0;
    std::uint64_t deltas = 0;
    std::uint64_t turns = 0;    // ended by a terminal event of their response
    std::uint64_t lost = 0;     // the connection ended first
    std::uint64_t timeouts = 0; // the deadline came first
    std::uint64_t connects = 0;
    std::uint64_t bytes_in = 0; // of messages

    std::map<std::string, std::uint64_t, std::less<>>
        errors; // error events and failed responses, by code
    std::map<std::string, std::uint64_t, std::less<>> refusals; // failed connects, by reason
    std::array<std::uint64_t, kViolations> violations{};
    std::vector<std::string> samples; // the first violations, with the beginning of the event

    Histogram connect;
    Histogram first_event; // from the create
    Histogram turn;
    Histogram event; // from its sending, when the upstream tells the time of it

    void add(Violation violation, std::string_view event_text);
    void add_error(std::string_view code);
    void merge(const Tally& other);

    std::uint64_t violation_count() const noexcept;
    std::uint64_t error_count() const noexcept;
    std::uint64_t refusal_count() const noexcept;

    // No event was wrong, and none is missing.
    bool is_sound() const noexcept;
};

} // namespace turngate::bench
