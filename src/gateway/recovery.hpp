#pragma once

#include "relay.hpp"
#include "turngate/accounts/said.hpp"

#include "turngate/core/fault.hpp"

#include <chrono>
#include <cstdint>
#include <string_view>

namespace turngate::gateway {

// Where the context that a create builds on lives. A create with `conversation` is `stored` too: it
// can go to any connection of its account, and nowhere else.
enum class ParentKind : std::uint8_t {
    none,
    stored,  // with the account
    chained, // store:false: in the memory of one connection
};

// What is known when an attempt at a turn failed.
struct Facts
{
    core::Fault fault;
    accounts::UpstreamWord word = accounts::UpstreamWord::none;
    bool is_response_failed = false;
    Seen seen = Seen::nothing; // by the client: events that are held back are not
    bool may_be_delivered = false;
    bool has_output = false; // an event beyond lifecycle came back
    ParentKind parent = ParentKind::none;
    bool has_tool_outputs = false;
    bool chain_complete = false;
    bool carries_own_calls = false; // the calls of its tool outputs stand in its own input
    bool has_other_account = false; // one that may take this turn and has not failed it
    int attempts = 0;               // that were spent (is_spent), the failed one included
    int max_attempts = 2;
    std::chrono::milliseconds left{5000}; // of the budget, which begins with the first failure
    int rebuilds = 0;                     // attempts that were made with the context rebuilt
};

// What is done about it.
struct Action
{
    enum class What : std::uint8_t {
        drop,      // nobody is left to be told
        relay,     // the upstream's own words
        tell,      // one error event; the catalogue closes the socket where it must
        interrupt, // response.incomplete, reason interrupted
        retry,
    } what = What::tell;
    // Of relay and retry: what to tell where it comes to nothing.
    core::FaultCode tell = core::FaultCode::internal_error;
    // Rebuilt: the whole context from the chain, and no parent.
    enum class Context : std::uint8_t { unchanged, rebuilt } context = Context::unchanged;
    enum class Where : std::uint8_t { same_account, other_account } where = Where::same_account;
    bool backoff = false;
    // What the account is charged with, once for this failure. Cool: until its reset. Credentials:
    // out until they change.
    enum class Verdict : std::uint8_t { none, fault, cool, credentials } account = Verdict::none;
    bool keep_connection = false; // the failure was the request's: connection and lane go on
    std::string_view reason{};    // of a retry: a stable word for the usage row
    std::string_view why_not{};   // of what might have been retried and is not, for the log
};

// Pure; behaviour.md section 5.
Action decide(const Facts& facts) noexcept;

// Whether the failed attempt is one of those that `attempts` counts: its create may have been
// executed. Failed dials are bounded by the budget, other refusals by the accounts there are and by
// `rebuilds`.
bool is_spent(const Facts& facts) noexcept;

} // namespace turngate::gateway
