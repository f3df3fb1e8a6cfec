#pragma once

#include <cstdint>
#include <optional>
#include <span>
#include <string_view>

namespace turngate::protocol {

// Walks a frame's tokens once, front to back, and checks the grammar of all it passes. Every `take`
// and `each` that says no leaves the cursor dead: the frame is no JSON. Views and offsets are the
// frame's own.
class Cursor
{
public:
    static constexpr int kMaxDepth = 512;

    // starts is what Tokenizer::cut made of frame, and not empty.
    Cursor(std::string_view frame, std::span<const std::uint32_t> starts) noexcept
        : frame_(frame), starts_(starts)
    {
    }

    // The next token's first character; NUL at the end.
    char peek() const noexcept { return is_at_end() ? '\0' : frame_[starts_[at_]]; }
    bool is_at_end() const noexcept { return at_ + 1 == starts_.size(); }

    std::size_t offset() const noexcept { return starts_[at_]; } // where the next token starts
    std::size_t end_of_taken() const noexcept;                   // one past the last token taken

    // Any value, checked all through: its bytes, without white space around them.
    std::optional<std::string_view> take_value() noexcept;

    // For each field of the object that must stand here: on_field(key's body), which takes the
    // value and says whether it was sound.
    template <class OnField>
    bool each_field(OnField&& on_field);

    // For each item of the array that must stand here: on_item(), in the same way.
    template <class OnItem>
    bool each_item(OnItem&& on_item);

private:
    bool skip_value() noexcept;
    bool skip_scalar() noexcept;
    bool take(char c) noexcept;
    bool enter(char open) noexcept;
    bool leave(char close) noexcept;
    std::optional<std::string_view> take_string() noexcept;
    std::string_view token_at(std::size_t index) const noexcept;

    std::string_view frame_;
    std::span<const std::uint32_t> starts_;
    std::size_t at_ = 0;
    int depth_ = 0;
};

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
