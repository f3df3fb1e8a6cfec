#include "cursor.hpp"

#include "json_text.hpp"

namespace turngate::protocol {

std::size_t Cursor::end_of_taken() const noexcept
{
    return starts_[at_ - 1] + token_at(at_ - 1).size();
}

std::optional<std::string_view> Cursor::take_value() noexcept
{
    const std::size_t begin = offset();
    if (!skip_value())
        return std::nullopt;
    return frame_.substr(begin, end_of_taken() - begin);
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
    default:
        return skip_scalar();
    }
}

bool Cursor::skip_scalar() noexcept
{
    if (is_at_end())
        return false;
    const std::string_view token = token_at(at_++);
    return is_literal(token) || is_number(token);
}

bool Cursor::take(char c) noexcept
{
    if (peek() != c)
        return false;
    ++at_;
    return true;
}

bool Cursor::enter(char open) noexcept
{
    return ++depth_ <= kMaxDepth && take(open);
}

bool Cursor::leave(char close) noexcept
{
    --depth_;
    return take(close);
}

std::optional<std::string_view> Cursor::take_string() noexcept
{
    if (peek() != '"')
        return std::nullopt;
    const std::string_view token = token_at(at_++);
    if (token.size() < 2 || token.back() != '"')
        return std::nullopt;
    const std::string_view body = token.substr(1, token.size() - 2);
    return has_valid_escapes(body) ? std::optional(body) : std::nullopt;
}

// Up to the next token: simdjson starts one wherever text follows a quote, a bracket or white
// space.
std::string_view Cursor::token_at(std::size_t index) const noexcept
{
    std::string_view token = frame_.substr(starts_[index], starts_[index + 1] - starts_[index]);
    while (!token.empty() && is_json_space(token.back()))
        token.remove_suffix(1);
    return token;
}

} // namespace turngate::protocol
