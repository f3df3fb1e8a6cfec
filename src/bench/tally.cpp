#include "tally.hpp"

#include <numeric>

namespace turngate::bench {
namespace {

constexpr std::size_t kSamples = 5;
constexpr std::size_t kSampleBytes = 160;

using Counts = std::map<std::string, std::uint64_t, std::less<>>;

void merge_counts(Counts& into, const Counts& from)
{
    for (const auto& [name, count] : from)
        into[name] += count;
}

std::uint64_t total(const Counts& counts) noexcept
{
    std::uint64_t sum = 0;
    for (const auto& [name, count] : counts)
        sum += count;
    return sum;
}

} // namespace

std::string_view name_of(Violation violation) noexcept
{
    switch (violation) {
    case Violation::no_created:
        return "event before response.created";
    case Violation::second_created:
        return "second response.created";
    case Violation::sequence_missing:
        return "no sequence_number";
    case Violation::sequence_gap:
        return "sequence_number does not rise by one";
    case Violation::foreign_response:
        return "terminal of another response";
    case Violation::foreign_item:
        return "content of an unknown item";
    case Violation::text_differs:
        return "deltas do not add up to the text";
    case Violation::delta_count:
        return "wrong number of deltas";
    case Violation::after_terminal:
        return "event after the terminal";
    case Violation::no_event:
        return "no event";
    }
    return "";
}

void Tally::add(Violation violation, std::string_view event_text)
{
    ++violations[static_cast<std::size_t>(violation)];
    if (samples.size() < kSamples)
        samples.push_back(std::string(name_of(violation)) + ": " +
                          std::string(event_text.substr(0, kSampleBytes)));
}

void Tally::add_error(std::string_view code)
{
    ++errors[code.empty() ? std::string("(no code)") : std::string(code)];
}

void Tally::merge(const Tally& other)
{
    events += other.events;
    deltas += other.deltas;
    turns += other.turns;
    lost += other.lost;
    timeouts += other.timeouts;
    connects += other.connects;
    bytes_in += other.bytes_in;
    merge_counts(errors, other.errors);
    merge_counts(refusals, other.refusals);
    for (std::size_t i = 0; i < kViolations; ++i)
        violations[i] += other.violations[i];
    for (const auto& sample : other.samples)
        if (samples.size() < kSamples)
            samples.push_back(sample);
    connect.merge(other.connect);
    first_event.merge(other.first_event);
    turn.merge(other.turn);
    event.merge(other.event);
}

std::uint64_t Tally::violation_count() const noexcept
{
    return std::accumulate(violations.begin(), violations.end(), std::uint64_t{0});
}

std::uint64_t Tally::error_count() const noexcept
{
    return total(errors);
}

std::uint64_t Tally::refusal_count() const noexcept
{
    return total(refusals);
}

bool Tally::is_sound() const noexcept
{
    return violation_count() == 0 && lost == 0 && timeouts == 0;
}

} // namespace turngate::bench
