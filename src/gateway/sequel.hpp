#pragma once

#include "ending.hpp"

#include <cstdint>
#include <optional>

namespace turngate::gateway {

// What becomes of a turn whose attempt has failed.
struct Sequel
{
    bool is_over = true;
    std::optional<Failure> failure; // over: to be told; nothing: the client has its end already
};

// The failure is judged; the account, the lease and the failed response get what is due to them.
net::Task<Sequel> after_failure(Turn& turn,
                                Attempt& attempt,
                                const Routes& routes,
                                core::Fault fault);

// Before the next attempt: what the last one has taught, and a moment's rest if it is to be.
net::Task<> prepare_retry(Turn& turn, const Failure& failure);

} // namespace turngate::gateway
