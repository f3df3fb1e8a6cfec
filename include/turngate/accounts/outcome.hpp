#pragma once

#include <chrono>
#include <cstdint>
#include <optional>
#include <string_view>

namespace turngate::accounts {

// How a turn's use of an account ended, by the side that caused it.
struct Outcome
{
    enum class Kind : std::uint8_t {
        success,
        fault,   // the upstream's: not dialed, lost, silent, 5xx
        neutral, // the client's or ours, a refused request: says nothing about the account
        cools,   // a limit or quota: it wants to be left alone for a while
        refused, // its credentials were not accepted
    };
    using enum Kind;

    Kind kind = neutral;
    std::string_view model = {}; // cools: the upstream's name of the model; empty: for all models
    std::optional<std::chrono::seconds> resets_in = {}; // cools: where the upstream told
};

} // namespace turngate::accounts
