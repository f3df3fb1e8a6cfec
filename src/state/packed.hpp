#pragma once

#include <charconv>
#include <concepts>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <utility>

namespace turngate::state {

// Values as they lie in Redis: a version and a semicolon, then netstrings (4:main,0:,). Any bytes,
// no escapes; a later gateway may append fields.
class Packer
{
public:
    explicit Packer(unsigned version) : text_(std::to_string(version) + ";") {}

    Packer& add(std::string_view field)
    {
        text_ += std::to_string(field.size()) + ":";
        text_ += field;
        text_ += ',';
        return *this;
    }
    Packer& add(std::integral auto number) { return add(std::to_string(number)); }

    std::string take() && { return std::move(text_); }

private:
    std::string text_;
};

// The views are into the text. Once something is not as it must be, all that follows is empty.
class Unpacker
{
public:
    explicit Unpacker(std::string_view text) : rest_(text) { version_ = number(';').value_or(0); }

    std::uint64_t version() const noexcept { return version_; }
    bool is_fine() const noexcept { return is_fine_; }

    std::string_view text()
    {
        const auto size = number(':');
        is_fine_ = is_fine_ && size && *size < rest_.size() && rest_[*size] == ',';
        if (!is_fine_)
            return {};
        const std::string_view field = rest_.substr(0, *size);
        rest_.remove_prefix(*size + 1);
        return field;
    }

    template <std::integral T>
    T integer()
    {
        const std::string_view field = text();
        T value{};
        const auto [end, error] = std::from_chars(field.data(), field.data() + field.size(), value);
        is_fine_ = is_fine_ && error == std::errc() && end == field.data() + field.size();
        return is_fine_ ? value : T{};
    }

private:
    std::optional<std::uint64_t> number(char terminator)
    {
        std::uint64_t value = 0;
        const char* last = rest_.data() + rest_.size();
        const auto [end, error] = std::from_chars(rest_.data(), last, value);
        if (error != std::errc() || end == last || *end != terminator)
            return std::nullopt;
        rest_.remove_prefix(static_cast<std::size_t>(end - rest_.data()) + 1);
        return value;
    }

    std::string_view rest_;
    std::uint64_t version_ = 0;
    bool is_fine_ = true;
};

} // namespace turngate::state
