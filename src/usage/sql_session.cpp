#include "sql_session.hpp"

#include <charconv>
#include <stdexcept>

namespace turngate::usage {

std::string SqlRow::take_text()
{
    return columns_.at(taken_++).value_or("");
}

std::int64_t SqlRow::take_int()
{
    return take_maybe_int().value_or(0);
}

std::optional<std::int64_t> SqlRow::take_maybe_int()
{
    const Column& text = columns_.at(taken_++);
    if (!text)
        return std::nullopt;
    std::int64_t value = 0;
    const char* last = text->data() + text->size();
    const auto [end, error] = std::from_chars(text->data(), last, value);
    if (error != std::errc() || end != last)
        throw std::runtime_error("the database has no 64-bit number: " + *text);
    return value;
}

SqlValues& SqlValues::give(std::string_view text)
{
    all_.emplace_back(std::string(text));
    return *this;
}

SqlValues& SqlValues::give(std::int64_t value)
{
    all_.emplace_back(value);
    return *this;
}

SqlValues& SqlValues::give(std::optional<std::int64_t> value)
{
    if (value)
        all_.emplace_back(*value);
    else
        all_.emplace_back();
    return *this;
}

} // namespace turngate::usage
