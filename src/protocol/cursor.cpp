#include "cursor.hpp"

#include "json_text.hpp"

#include <simdjson.h>

namespace turngate::protocol {

Cursor::Cursor(std::string_view text) noexcept
{
    if (!simdjson::validate_utf8(text.data(), text.size()))
        return; // an empty text is no JSON either
    text_ = text;
    at_ = skip_space(text_, 0);
}

// Recursion ends at kMaxDepth.
bool Cursor::skip_value() noexcept
{
    switch (peek()) {
    case '{':
        return each_field([this](std::string_view) { return skip_value(); });
    case '[':
        return each_item([this] { return skip_value(); });
    case '"':
        return take_string().has_value();
    case 't':
    case 'f':
    case 'n':
        return pass(literal_length(text_.substr(at_)));
    default:
        return pass(number_length(text_.substr(at_)));
    }
}

bool Cursor::take(char c) noexcept
{
    return peek() == c && pass(1);
}

bool Cursor::pass(std::size_t length) noexcept
{
    end_ = at_ + length;
    at_ = skip_space(text_, end_);
    return length != 0;
}

std::optional<std::string_view> Cursor::take_string() noexcept
{
    if (peek() != '"')
        return std::nullopt;
    const std::size_t begin = at_ + 1;
    std::size_t end = begin;
    for (;;) {
        end += plain_length(text_.substr(end));
        if (end == text_.size())
            return std::nullopt;
        if (text_[end] == '"')
            break;
        const std::size_t escape = escape_length(text_.substr(end));
        if (escape == 0)
            return std::nullopt;
        end += escape;
    }
    pass(end + 1 - at_);
    return text_.substr(begin, end - begin);
}

} // namespace turngate::protocol
