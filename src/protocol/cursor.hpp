#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>
#include <string_view>

namespace turngate::protocol {

// Walks a JSON text once, front to back, and checks all that it passes: the grammar (RFC 8259) and,
// before it starts, UTF-8. Every `take` and `each` that says no leaves the cursor dead: the text is
// no JSON. Views are the text's own. Its work grows with the text's bytes, whatever they are.
class Cursor
{
public:
    static constexpr int kMaxDepth = 512;

    explicit Cursor(std::string_view text) noexcept;

    // The next token's first character; NUL at the end.
    char peek() const noexcept { return is_at_end() ? '\0' : text_[at_]; }
    bool is_at_end() const noexcept { return at_ == text_.size(); }

    // Of what stands in the text.
    std::uint32_t offset_of(const char* at) const noexcept
    {
        return static_cast<std::uint32_t>(at - text_.data());
    }

    // Any value, checked all through: its bytes, without white space around them.
    std::optional<std::string_view> take_value() noexcept
    {
        return taken_by([this] { return skip_value(); });
    }

    // The bytes of the value that take() takes off this cursor, if it says that it was sound.
    template <class Take>
    std::optional<std::string_view> taken_by(Take&& take);

    // For each field of the object that must stand here: on_field(key's body), which takes the
    // value and says whether it was sound.
    template <class OnField>
    bool each_field(OnField&& on_field);

    // For each item of the array that must stand here: on_item(), in the same way.
    template <class OnItem>
    bool each_item(OnItem&& on_item);

private:
    bool skip_value() noexcept;
    bool take(char c) noexcept;
    bool enter(char open) noexcept { return ++depth_ <= kMaxDepth && take(open); }
    bool leave(char close) noexcept
    {
        --depth_;
        return take(close);
    }
    bool pass(std::size_t length) noexcept; // over a token of that length; 0: there is none
    std::optional<std::string_view> take_string() noexcept;

    std::string_view text_;
    std::size_t at_ = 0;  // where the next token starts
    std::size_t end_ = 0; // one past the last token
    int depth_ = 0;
};

template <class Take>
std::optional<std::string_view> Cursor::taken_by(Take&& take)
{
    const std::size_t begin = at_;
    return take() ? std::optional(text_.substr(begin, end_ - begin)) : std::nullopt;
}

template <class OnField>
bool Cursor::each_field(OnField&& on_field)
{
    if (!enter('{'))
        return false;
    if (peek() == '}')
        return leave('}');
    do {
        const auto key = take_string();
        if (!key || !take(':') || !on_field(*key))
            return false;
    } while (take(','));
    return leave('}');
}

template <class OnItem>
bool Cursor::each_item(OnItem&& on_item)
{
    if (!enter('['))
        return false;
    if (peek() == ']')
        return leave(']');
    do {
        if (!on_item())
            return false;
    } while (take(','));
    return leave(']');
}

} // namespace turngate::protocol
