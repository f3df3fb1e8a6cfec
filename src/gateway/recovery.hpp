#pragma once

#include "hold.hpp"
#include "routes.hpp"

#include "turngate/accounts/said.hpp"
#include "turngate/core/fault.hpp"

#include <chrono>
#include <cstdint>
#include <string_view>

namespace turngate::gateway {

// What is known when an attempt at a turn failed.
struct Facts
{
    core::Fault fault;
    accounts::UpstreamWord word = accounts::UpstreamWord::none;
    bool is_response_failed = false; // the word came in a response.failed
    Seen seen = Seen::nothing;       // by the client: events that are held back are not
    bool may_be_delivered = false;
    bool has_output = false;    // content came back, whoever saw it
    bool waits_for_end = false; // the client sees nothing of a response before that

    // Whether there is a route after each kind of strike. The account's: on another that can now.
    struct Left
    {
        bool after_route = false;
        bool after_context = false;
        bool after_account = false;
    } left{};
    Route::How how = Route::How::fresh; // that was tried
    bool is_context_lost = false;       // nothing but the connection that was tried has it
    bool has_other_account = false;     // that would serve a client who sends all of it again
    bool carries_own_calls = false;     // the calls of its tool outputs stand in its own input
    bool is_stale = false;   // a connection that was kept over HTTP ended before a byte came back
    bool is_aside = false;   // an account may answer turns, and not this
    bool can_unseal = false; // sealed reasoning went up, and can be left out
    int attempts = 0;        // that were spent (is_spent), the failed one included
    int max_attempts = 2;
    std::chrono::milliseconds time_left{5000}; // of the budget, which begins with the first failure
};

// What is done about it.
struct Action
{
    enum class What : std::uint8_t {
        drop,      // nobody is to be told
        relay,     // the upstream's own words
        tell,      // one error event; the catalogue closes the socket where it must
        interrupt, // response.incomplete, reason interrupted
        next,      // the next route, at once
        again,     // the same route
    } what = What::tell;
    // Of relay, next and again: what to tell where it comes to nothing.
    core::FaultCode tell = core::FaultCode::internal_error;
    Strike strike = Strike::nothing; // of next
    bool backoff = false;            // of again: a moment later
    bool unseal = false;             // of again: without sealed reasoning
    bool anew = false;               // of again: on a connection that is new
    // What the account is charged with, once for this failure.
    enum class Verdict : std::uint8_t { none, fault, cool, credentials } account = Verdict::none;
    bool keep_connection = false; // the failure was the request's: connection and lane go on
    std::string_view reason{};    // of next and again: a stable word for the usage row
    std::string_view why_not{};   // of what might have been tried and is not, for the log

    bool is_retry() const noexcept { return what == What::next || what == What::again; }
};

// The upstream may have worked for the failed attempt: whoever sends the turn again may pay twice.
bool may_have_run(const Facts& facts) noexcept;

// Pure; behaviour.md section 5.
Action decide(const Facts& facts) noexcept;

// Whether the failed attempt is one of those that `attempts` counts: its create may have been
// executed. Failed dials are bounded by the budget, other refusals by the routes there are.
bool is_spent(const Facts& facts) noexcept;

} // namespace turngate::gateway
