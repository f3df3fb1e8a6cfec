#pragma once

#include "redis_keys.hpp"

#include "turngate/core/id.hpp"

#include <string>
#include <utility>

namespace turngate::state {

// This gateway among those that share a Redis. `name` stays over a restart, so that a gateway can
// free what its previous life held; `life` does not.
struct Instance
{
    explicit Instance(std::string its_name)
        : name(std::move(its_name)), lives(escape_subject(name) + ":"), life(lives + core::uuid7())
    {
    }

    std::string name;
    std::string lives; // what all its lives begin with, and nobody else's: names keep no colon
    std::string life;
};

} // namespace turngate::state
