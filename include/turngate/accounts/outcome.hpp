#pragma once

#include <cstdint>

namespace turngate::accounts {

// How a turn's use of an account ended, by the side that caused it.
enum class Outcome : std::uint8_t {
    success,
    fault,  // the upstream's: not dialed, lost, silent, 5xx
    neutral // the client's or ours, a refused request, a limit: says nothing about the account
};

} // namespace turngate::accounts
