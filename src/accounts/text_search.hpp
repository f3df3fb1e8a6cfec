#pragma once

#include <cstdint>
#include <optional>
#include <string_view>

// In the words of people, without regard to case. What is looked for is in lower case.
namespace turngate::accounts {

bool contains(std::string_view text, std::string_view what) noexcept;
bool contains_word(std::string_view text, std::string_view word) noexcept;

// "Limit 30,000" or "limit: 30000" for "limit": the first such number; nothing if there is none.
std::optional<std::uint64_t> number_after(std::string_view text, std::string_view word) noexcept;

} // namespace turngate::accounts
