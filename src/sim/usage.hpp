#pragma once

#include <cstddef>
#include <cstdint>
#include <string>

namespace turngate::sim {

// The sim's tokenizer: a token is four bytes of JSON, rounded up.
constexpr std::int64_t tokens_of(std::size_t bytes) noexcept
{
    return static_cast<std::int64_t>((bytes + 3) / 4);
}

struct Usage
{
    std::int64_t input = 0;  // the whole context
    std::int64_t cached = 0; // within input: what was in the connection's memory
    std::int64_t output = 0;
    std::int64_t reasoning = 0; // within output

    std::int64_t total() const noexcept { return input + output; }
};

void append_json(std::string& out, const Usage& usage);

} // namespace turngate::sim
