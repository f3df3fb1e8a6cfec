#pragma once

#include "turngate/config/config.hpp"

#include <cstdint>
#include <span>
#include <vector>

namespace turngate::accounts {

// One that can be drawn. The salt tells it from the others, wherever it stands in the list and in
// whichever process: with one seed, one conversation draws the same accounts everywhere.
struct Lot
{
    double score = 0; // not negative
    std::uint64_t salt = 0;
};

std::uint64_t mix(std::uint64_t x) noexcept; // splitmix64: the next of a stream of chance

// The lots' places in the list, first choice first; all of them, since a choice may have no slot.
std::vector<std::uint32_t> pick(std::span<const Lot> lots,
                                const config::Scheduler& scheduler,
                                std::uint64_t seed);

} // namespace turngate::accounts
