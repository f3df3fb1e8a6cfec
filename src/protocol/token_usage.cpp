#include "token_usage.hpp"

#include "json_text.hpp"

#include <algorithm>
#include <cstdint>
#include <optional>

namespace turngate::protocol {
namespace {

constexpr std::int64_t kMostTokens = std::int64_t{1} << 53;

// Anything else leaves its target as it was.
bool read_count(Cursor& cursor, std::optional<std::int64_t>& out)
{
    const auto value = cursor.take_value();
    const auto count = whole_number<std::int64_t>(value.value_or(""));
    if (count && *count >= 0 && *count <= kMostTokens)
        out = count;
    return value.has_value();
}

// As they stand there, each by its own name and that of the chat API.
struct Counts
{
    std::optional<std::int64_t> input, cached, cache_write, output, reasoning, total;
    std::optional<std::int64_t> prompt, completion; // where input or output is missing
};

bool read_details(Cursor& cursor, Counts& counts)
{
    return read_object(cursor, [&](std::string_view key) {
        if (key == "cached_tokens")
            return read_count(cursor, counts.cached);
        if (key == "cache_write_tokens")
            return read_count(cursor, counts.cache_write);
        if (key == "reasoning_tokens")
            return read_count(cursor, counts.reasoning);
        return skip(cursor);
    });
}

bool read_counts(Cursor& cursor, Counts& counts)
{
    return cursor.each_field([&](std::string_view key) {
        if (key == "input_tokens")
            return read_count(cursor, counts.input);
        if (key == "output_tokens")
            return read_count(cursor, counts.output);
        if (key == "total_tokens")
            return read_count(cursor, counts.total);
        if (key == "prompt_tokens")
            return read_count(cursor, counts.prompt);
        if (key == "completion_tokens")
            return read_count(cursor, counts.completion);
        if (key == "input_tokens_details" || key == "output_tokens_details" ||
            key == "prompt_tokens_details" || key == "completion_tokens_details")
            return read_details(cursor, counts);
        return skip(cursor);
    });
}

std::optional<TokenUsage> usage_of(const Counts& counts)
{
    const bool is_chat = !counts.input && !counts.output;
    const auto input = is_chat ? counts.prompt : counts.input;
    const auto output = is_chat ? counts.completion : counts.output;
    if (!input || !output)
        return std::nullopt;
    TokenUsage usage;
    usage.input = *input;
    usage.cached = std::min(counts.cached.value_or(0), *input);
    usage.cache_write = std::min(counts.cache_write.value_or(0), *input - usage.cached);
    usage.output = *output;
    usage.reasoning = std::min(counts.reasoning.value_or(0), *output);
    usage.total = std::max(counts.total.value_or(0), *input + *output);
    return usage;
}

} // namespace

bool read_usage(Cursor& cursor, TerminalEvent& event)
{
    if (cursor.peek() != '{') {
        const auto value = cursor.take_value();
        event.has_odd_usage = value && *value != "null";
        return value.has_value();
    }
    Counts counts;
    const bool is_sound = read_counts(cursor, counts);
    event.usage = usage_of(counts);
    event.has_odd_usage = !event.usage;
    return is_sound;
}

bool read_web_searches(Cursor& cursor, TerminalEvent& event)
{
    std::optional<std::int64_t> count;
    const auto read_web_search = [&](std::string_view key) {
        return key == "num_requests" ? read_count(cursor, count) : skip(cursor);
    };
    const bool is_sound = read_object(cursor, [&](std::string_view key) {
        return key == "web_search" ? read_object(cursor, read_web_search) : skip(cursor);
    });
    event.web_searches = count.value_or(0);
    return is_sound;
}

} // namespace turngate::protocol
