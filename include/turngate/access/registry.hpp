#pragma once

#include "turngate/core/clock.hpp"
#include "turngate/core/money.hpp"
#include "turngate/usage/known_books.hpp"

#include <map>
#include <string>
#include <vector>

namespace turngate::access {

// The users and keys of the repository (interface.md "Keys on the command line"): merged with the
// configuration's, which wins on equal names.
struct Registry
{
    std::vector<usage::StoredKey> keys;                        // live ones, by name
    std::map<std::string, core::NanoUsd, std::less<>> credits; // of users who were given some
    bool is_current = true; // false: as an earlier process knew it, so there may be more keys

    bool operator==(const Registry&) const = default;
};

// Of what the repository has: the keys neither revoked nor expired at that time. What a key has
// used is left out, so that two registries differ only in what matters to a key ring.
Registry registry_of(const usage::KnownBooks& books, core::Timestamp at);

} // namespace turngate::access
