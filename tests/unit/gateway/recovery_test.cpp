#include "recovery.hpp"

#include <gtest/gtest.h>

#include <set>
#include <string>
#include <vector>

namespace turngate::gateway {
namespace {

using core::Fault;
using core::FaultCode;
using Word = accounts::UpstreamWord;

std::string_view name_of(Action::Verdict verdict)
{
    switch (verdict) {
    case Action::Verdict::none:
        return "";
    case Action::Verdict::fault:
        return ", fault";
    case Action::Verdict::cool:
        return ", cool";
    case Action::Verdict::credentials:
        return ", credentials";
    }
    return "?";
}

std::string_view name_of(Strike strike)
{
    switch (strike) {
    case Strike::nothing:
        return "nothing";
    case Strike::route:
        return "route";
    case Strike::context:
        return "context";
    case Strike::account:
        return "account";
    }
    return "?";
}

// "next account, cool, keep": the account is struck off
std::string describe(const Action& action)
{
    std::string text;
    switch (action.what) {
    case Action::What::drop:
        text = "drop";
        break;
    case Action::What::relay:
        text = "relay";
        break;
    case Action::What::tell:
        text = "tell " + std::string(core::name_of(action.tell));
        break;
    case Action::What::interrupt:
        text = "interrupt " + std::string(core::name_of(action.tell));
        break;
    case Action::What::next:
        text = "next " + std::string(name_of(action.strike));
        break;
    case Action::What::again:
        text = action.unseal ? "again unsealed" : action.backoff ? "again later" : "again";
        break;
    }
    return text + std::string(name_of(action.account)) + (action.keep_connection ? ", keep" : "");
}

Fault fault(FaultCode code, int status = 0)
{
    return {code, {}, "test", status};
}

// A route that was tried, and what is left besides.
struct Situation
{
    Route::How how = Route::How::fresh;
    bool has_own_chain = false; // its account can be sent the whole context
    bool has_other_route =
        false; // another account can take the turn as it is, or be sent all of it
    bool has_other_account = false;
};

using How = Route::How;
constexpr Situation kNew{};
constexpr Situation kNewTwo{How::fresh, false, true, true};
constexpr Situation kStored{How::by_id};
constexpr Situation kStoredTwo{How::by_id, false, false, true};
constexpr Situation kStoredChain{How::by_id, true};
constexpr Situation kStoredChainTwo{How::by_id, true, true, true};
constexpr Situation kChained{How::here, true};
constexpr Situation kChainedTwo{How::here, true, true, true};
constexpr Situation kBroken{How::here};
constexpr Situation kBrokenTwo{How::here, false, false, true};
constexpr Situation kShortened{How::shortened, true};
constexpr Situation kRebuilt{How::rebuilt, true};
constexpr Situation kRebuiltTwo{How::rebuilt, true, true, true};

Facts facts_of(Fault fault, Word word, Situation situation)
{
    const bool is_here = situation.how == How::here;
    const bool is_rebuilt = situation.how == How::rebuilt;
    Facts facts;
    facts.fault = fault;
    facts.word = word;
    facts.may_be_delivered =
        fault.code != FaultCode::dial_failed && fault.code != FaultCode::dial_refused;
    facts.left.after_route = (situation.has_own_chain && !is_rebuilt) || situation.has_other_route;
    facts.left.after_context = facts.left.after_route && !is_rebuilt && situation.how != How::fresh;
    facts.left.after_account = situation.has_other_route;
    facts.how = situation.how;
    facts.is_context_lost = is_here && !situation.has_own_chain;
    facts.has_other_account = situation.has_other_account;
    return facts;
}

// What is decided once the client has content, or the upstream has sent some.
std::set<std::string> decided_with_content(Facts facts)
{
    std::set<std::string> decided;
    for (const Seen seen : {Seen::nothing, Seen::lifecycle, Seen::content}) {
        facts.seen = seen;
        facts.has_output = true;
        decided.insert(describe(decide(facts)));
    }
    facts.has_output = false;
    decided.insert(describe(decide(facts)));
    return decided;
}

struct Row
{
    const char* name; // behaviour.md section 5
    Fault fault;
    Word word;
    Situation situation;
    const char* unseen;
    const char* content;
};

void check(const Row& row, bool is_response_failed = false)
{
    Facts facts = facts_of(row.fault, row.word, row.situation);
    facts.is_response_failed = is_response_failed;
    EXPECT_EQ(describe(decide(facts)), row.unseen) << row.name;
    facts.seen = Seen::lifecycle;
    EXPECT_EQ(describe(decide(facts)), row.unseen) << row.name << ", lifecycle seen";
    EXPECT_EQ(decided_with_content(facts), std::set<std::string>{row.content}) << row.name;
}

} // namespace

TEST(Decide, DoesAsTheTableSays)
{
    const Fault dial = fault(FaultCode::dial_failed);
    const Fault dial_500 = fault(FaultCode::dial_refused, 500);
    const Fault dial_503 = fault(FaultCode::dial_refused, 503);
    const Fault dial_404 = fault(FaultCode::dial_refused, 404);
    const Fault dial_401 = fault(FaultCode::dial_refused, 401);
    const Fault dial_403 = fault(FaultCode::dial_refused, 403);
    const Fault dial_429 = fault(FaultCode::dial_refused, 429);
    const Fault lost = fault(FaultCode::upstream_lost);
    const Fault restart = fault(FaultCode::upstream_restart);
    const Fault silent = fault(FaultCode::upstream_timeout);
    const Fault error_400 = fault(FaultCode::upstream_error, 400);
    const Fault error_401 = fault(FaultCode::upstream_error, 401);
    const Fault error_403 = fault(FaultCode::upstream_error, 403);
    const Fault error_429 = fault(FaultCode::upstream_error, 429);
    const Fault error_500 = fault(FaultCode::upstream_error, 500);
    const Fault error_503 = fault(FaultCode::upstream_error, 503);
    const Fault error = fault(FaultCode::upstream_error);
    const Fault gone = fault(FaultCode::client_gone);

    // A dial has no content; where the table has a dash, the last column says what is never undone.
    // clang-format off
    const std::vector<Row> rows = {
        {"dial refused, timeout, TLS: new, other account", dial, Word::none, kNewTwo, "next account, fault", "tell dial_failed, fault"},
        {"dial refused, timeout, TLS: new, one account", dial, Word::none, kNew, "again later, fault", "tell dial_failed, fault"},
        {"dial refused, timeout, TLS: stored, one account", dial, Word::none, kStored, "again later, fault", "tell dial_failed, fault"},
        {"dial refused, timeout, TLS: stored, other account but no chain", dial, Word::none, kStoredTwo, "again later, fault", "tell dial_failed, fault"},
        {"dial refused, timeout, TLS: stored, rebuildable, other account", dial, Word::none, kStoredChainTwo, "next account, fault", "tell dial_failed, fault"},
        {"dial refused, timeout, TLS: stored, rebuildable, one account", dial, Word::none, kStoredChain, "again later, fault", "tell dial_failed, fault"},
        {"dial refused, timeout, TLS: chained, rebuildable, other account", dial, Word::none, kRebuiltTwo, "next account, fault", "tell dial_failed, fault"},
        {"dial refused, timeout, TLS: chained, rebuildable, one account", dial, Word::none, kRebuilt, "again later, fault", "tell dial_failed, fault"},
        {"dial 5xx: 500", dial_500, Word::server_error, kNew, "again later, fault", "tell dial_refused, fault"},
        {"dial 5xx: 503", dial_503, Word::server_error, kNewTwo, "next account, fault", "tell dial_refused, fault"},
        {"dial 5xx: 503, chained", dial_503, Word::server_error, kRebuilt, "again later, fault", "tell dial_refused, fault"},
        {"dial other 4xx", dial_404, Word::request_error, kNewTwo, "tell invalid_request", "tell invalid_request"},
        {"dial 403, a challenge", dial_403, Word::challenge, kNewTwo, "next account, fault", "tell dial_refused, fault"},

        {"dial 401, other account", dial_401, Word::credentials, kNewTwo, "next account, credentials", "tell no_account, credentials"},
        {"dial 401, one account", dial_401, Word::credentials, kNew, "tell no_account, credentials", "tell no_account, credentials"},
        {"dial 403, other account", dial_403, Word::credentials, kNewTwo, "next account, credentials", "tell no_account, credentials"},
        {"dial 403, stored, no chain", dial_403, Word::credentials, kStoredTwo, "tell no_account, credentials", "tell no_account, credentials"},
        {"dial 403, chained, rebuildable", dial_403, Word::credentials, kRebuiltTwo, "next account, credentials", "tell no_account, credentials"},

        {"dial 429, other account", dial_429, Word::rate_limited, kNewTwo, "next account, cool", "tell rate_limited, cool"},
        {"dial 429, none", dial_429, Word::rate_limited, kNew, "tell rate_limited, cool", "tell rate_limited, cool"},
        {"dial 429, stored, no chain", dial_429, Word::rate_limited, kStoredTwo, "tell rate_limited, cool", "tell rate_limited, cool"},
        {"dial 429, chained, rebuildable", dial_429, Word::rate_limited, kRebuiltTwo, "next account, cool", "tell rate_limited, cool"},
        {"dial 403 with usage_limit_reached", dial_403, Word::quota, kNewTwo, "next account, cool", "tell rate_limited, cool"},
        {"event 429, other account", error_429, Word::rate_limited, kNewTwo, "next account, cool, keep", "relay, cool, keep"},
        {"event 429, none", error_429, Word::rate_limited, kNew, "tell rate_limited, cool, keep", "relay, cool, keep"},
        {"event 429, stored, no chain", error_429, Word::rate_limited, kStoredTwo, "tell rate_limited, cool, keep", "relay, cool, keep"},
        {"event 429, stored, rebuildable", error_429, Word::rate_limited, kStoredChainTwo, "next account, cool, keep", "relay, cool, keep"},
        {"event 429, chained, rebuildable", error_429, Word::rate_limited, kChainedTwo, "next account, cool, keep", "relay, cool, keep"},
        {"event 429, chained, incomplete, other account", error_429, Word::rate_limited, kBrokenTwo, "tell parent_not_found, cool, keep", "relay, cool, keep"},
        {"event 429, chained, incomplete, none", error_429, Word::rate_limited, kBroken, "tell rate_limited, cool, keep", "relay, cool, keep"},
        {"usage_limit_reached, other account", error_429, Word::quota, kNewTwo, "next account, cool, keep", "relay, cool, keep"},
        {"quota, none", error_400, Word::quota, kNew, "tell rate_limited, cool, keep", "relay, cool, keep"},

        {"lost: new", lost, Word::none, kNew, "again, fault", "tell upstream_lost, fault"},
        {"lost: new, other account", lost, Word::none, kNewTwo, "again, fault", "tell upstream_lost, fault"},
        {"lost: stored", lost, Word::none, kStored, "again, fault", "tell upstream_lost, fault"},
        {"lost: stored, rebuildable", lost, Word::none, kStoredChainTwo, "again, fault", "tell upstream_lost, fault"},
        {"lost: chained, rebuildable", lost, Word::none, kChained, "next route, fault", "tell upstream_lost, fault"},
        {"lost: chained, incomplete", lost, Word::none, kBroken, "tell parent_not_found, fault", "tell upstream_lost, fault"},
        {"1012, 1013: new", restart, Word::none, kNew, "again, fault", "tell upstream_restart, fault"},
        {"1012, 1013: stored", restart, Word::none, kStored, "again, fault", "tell upstream_restart, fault"},
        {"1012, 1013: chained, rebuildable", restart, Word::none, kChained, "next route, fault", "tell upstream_restart, fault"},
        {"1012, 1013: chained, incomplete", restart, Word::none, kBroken, "tell parent_not_found, fault", "tell upstream_restart, fault"},

        {"previous_response_not_found: chained, rebuildable", error_400, Word::parent_not_found, kChained, "next context, keep", "relay, keep"},
        {"previous_response_not_found: stored, rebuildable", error_400, Word::parent_not_found, kStoredChain, "next context, keep", "relay, keep"},
        {"previous_response_not_found: chained, incomplete", error_400, Word::parent_not_found, kBrokenTwo, "relay, keep", "relay, keep"},
        {"previous_response_not_found: stored, no chain", error_400, Word::parent_not_found, kStoredTwo, "relay, keep", "relay, keep"},
        {"previous_response_not_found: no parent", error_400, Word::parent_not_found, kNewTwo, "relay, keep", "relay, keep"},
        {"no tool output/call found: rebuildable", error_400, Word::tool_pairing, kChained, "next context, keep", "relay, keep"},
        {"no tool output/call found: stored, rebuildable", error_400, Word::tool_pairing, kStoredChain, "next context, keep", "relay, keep"},
        {"no tool output/call found: incomplete", error_400, Word::tool_pairing, kBroken, "relay, keep", "relay, keep"},
        {"no tool output/call found: no parent", error_400, Word::tool_pairing, kNewTwo, "relay, keep", "relay, keep"},
        {"orphaned reasoning: rebuildable", error_400, Word::orphaned_reasoning, kChained, "next context, keep", "relay, keep"},
        {"orphaned reasoning: incomplete", error_400, Word::orphaned_reasoning, kStored, "relay, keep", "relay, keep"},

        {"connection limit: new", error_400, Word::connection_limit, kNew, "again", "relay"},
        {"connection limit: stored", error_400, Word::connection_limit, kStored, "again", "relay"},
        {"connection limit: chained, rebuildable", error_400, Word::connection_limit, kChained, "next route", "relay"},
        {"connection limit: chained, incomplete", error_400, Word::connection_limit, kBroken, "tell parent_not_found", "relay"},

        {"other request errors: 400", error_400, Word::request_error, kNewTwo, "relay, keep", "relay, keep"},
        {"other request errors: 403", error_403, Word::request_error, kChainedTwo, "relay, keep", "relay, keep"},
        {"the account's key refused by an event", error_401, Word::credentials, kNewTwo, "next account, credentials", "relay, credentials"},
        {"the account's key refused by an event, one account", error_401, Word::credentials, kNew, "tell no_account, credentials", "relay, credentials"},

        {"5xx error: new, other account", error_500, Word::server_error, kNewTwo, "next account, fault, keep", "relay, fault, keep"},
        {"5xx error: new, one account", error_500, Word::server_error, kNew, "again later, fault, keep", "relay, fault, keep"},
        {"5xx error: stored, no chain", error_500, Word::server_error, kStoredTwo, "again later, fault, keep", "relay, fault, keep"},
        {"5xx error: chained, rebuildable, other account", error_500, Word::server_error, kChainedTwo, "next account, fault, keep", "relay, fault, keep"},
        {"5xx error: chained, rebuildable, one account", error_500, Word::server_error, kChained, "next route, fault, keep", "relay, fault, keep"},
        {"5xx error: chained, incomplete", error_500, Word::server_error, kBrokenTwo, "relay, fault, keep", "relay, fault, keep"},
        {"server_is_overloaded: other account", error_503, Word::overloaded, kNewTwo, "next account, fault, keep", "relay, fault, keep"},
        {"server_is_overloaded: one account", error_503, Word::overloaded, kNew, "again later, fault, keep", "relay, fault, keep"},
        {"server_is_overloaded: chained, incomplete", error_503, Word::overloaded, kBroken, "tell no_account, fault, keep", "relay, fault, keep"},
        {"an error event that says nothing", error, Word::none, kNewTwo, "tell upstream_error, keep", "tell upstream_error, keep"},

        {"silent past the timeout: new", silent, Word::none, kNew, "again, fault", "tell upstream_timeout, fault"},
        {"silent past the timeout: stored", silent, Word::none, kStored, "again, fault", "tell upstream_timeout, fault"},
        {"silent past the timeout: chained, rebuildable", silent, Word::none, kChained, "next route, fault", "tell upstream_timeout, fault"},
        {"silent past the timeout: chained, incomplete", silent, Word::none, kBroken, "tell parent_not_found, fault", "tell upstream_timeout, fault"},

        {"client gone: new", gone, Word::none, kNewTwo, "drop", "drop"},
        {"client gone: chained", gone, Word::none, kChainedTwo, "drop", "drop"},
        {"gateway fault: exception", fault(FaultCode::internal_error), Word::none, kNewTwo, "tell internal_error", "tell internal_error"},
        {"gateway fault: journal down", fault(FaultCode::accounting_unavailable), Word::none, kNewTwo, "tell accounting_unavailable", "tell accounting_unavailable"},
        {"gateway fault: draining", fault(FaultCode::gateway_draining), Word::none, kNewTwo, "tell gateway_draining", "tell gateway_draining"},

        {"the gateway misses the parent's connection: rebuildable", fault(FaultCode::parent_not_found), Word::none, kChained, "next route", "tell parent_not_found"},
        {"the gateway misses the parent's connection: incomplete", fault(FaultCode::parent_not_found), Word::none, kBrokenTwo, "tell parent_not_found", "tell parent_not_found"},
        {"the parent is unknown or another tenant's", fault(FaultCode::parent_not_found), Word::none, kNew, "tell parent_not_found", "tell parent_not_found"},
    };
    // clang-format on
    for (const Row& row : rows)
        check(row);
}

TEST(Decide, ReadsAResponseFailedAsTheRowsOfErrors)
{
    const Fault failed = fault(FaultCode::upstream_error);
    // clang-format off
    const std::vector<Row> rows = {
        {"response.failed", failed, Word::request_error, kNewTwo, "relay, keep", "relay, keep"},
        {"response.failed without an error", failed, Word::none, kNewTwo, "relay, keep", "relay, keep"},
        {"response.failed: rate_limit_exceeded", failed, Word::rate_limited, kNewTwo, "next account, cool, keep", "relay, cool, keep"},
        {"response.failed: rate_limit_exceeded, none", failed, Word::rate_limited, kNew, "tell rate_limited, cool, keep", "relay, cool, keep"},
        {"response.failed: server_error", failed, Word::server_error, kChained, "next route, fault, keep", "relay, fault, keep"},
        {"response.failed: server_is_overloaded", failed, Word::overloaded, kNewTwo, "next account, fault, keep", "relay, fault, keep"},
        {"response.failed: previous_response_not_found", failed, Word::parent_not_found, kChained, "next context, keep", "relay, keep"},
    };
    // clang-format on
    for (const Row& row : rows)
        check(row, true);
}

TEST(Decide, TellsWhenAttemptsOrBudgetAreSpent)
{
    struct
    {
        Fault fault;
        Word word;
        Situation situation;
        const char* told;
    } const rows[] = {
        {fault(FaultCode::dial_failed), Word::none, kNewTwo, "tell dial_failed, fault"},
        {fault(FaultCode::dial_refused, 401),
         Word::credentials,
         kNewTwo,
         "tell no_account, credentials"},
        {fault(FaultCode::dial_refused, 429),
         Word::rate_limited,
         kNewTwo,
         "tell rate_limited, cool"},
        {fault(FaultCode::upstream_lost), Word::none, kNew, "tell upstream_lost, fault"},
        {fault(FaultCode::upstream_lost), Word::none, kChained, "tell upstream_lost, fault"},
        {fault(FaultCode::upstream_lost), Word::none, kBroken, "tell parent_not_found, fault"},
        {fault(FaultCode::upstream_restart), Word::none, kNew, "tell upstream_restart, fault"},
        {fault(FaultCode::upstream_timeout), Word::none, kNew, "tell upstream_timeout, fault"},
        {fault(FaultCode::upstream_error, 429),
         Word::rate_limited,
         kNewTwo,
         "tell rate_limited, cool, keep"},
        {fault(FaultCode::upstream_error, 400), Word::parent_not_found, kChained, "relay, keep"},
        {fault(FaultCode::upstream_error, 400), Word::connection_limit, kChained, "relay"},
        {fault(FaultCode::upstream_error, 500), Word::server_error, kNewTwo, "relay, fault, keep"},
        {fault(FaultCode::upstream_error, 503),
         Word::overloaded,
         kNewTwo,
         "tell no_account, fault, keep"},
    };
    for (const auto& row : rows) {
        Facts facts = facts_of(row.fault, row.word, row.situation);
        facts.attempts = facts.max_attempts;
        EXPECT_EQ(describe(decide(facts)), row.told);
        facts.attempts = 1;
        facts.time_left = std::chrono::milliseconds(0);
        EXPECT_EQ(describe(decide(facts)), row.told);
    }
}

TEST(Decide, RebuildsOnlyOnce)
{
    for (const Word word : {Word::parent_not_found, Word::tool_pairing, Word::orphaned_reasoning}) {
        const Facts facts = facts_of(fault(FaultCode::upstream_error, 400), word, kRebuiltTwo);
        EXPECT_EQ(describe(decide(facts)), "relay, keep");
        EXPECT_EQ(decide(facts).why_not, "no_complete_chain");
    }
}

TEST(Decide, StaysWithTheRebuiltContext)
{
    const Facts facts = facts_of(fault(FaultCode::upstream_lost), Word::none, kRebuilt);
    EXPECT_EQ(describe(decide(facts)), "again, fault");
}

TEST(Decide, RebuildsToolOutputsOnlyWhereTheChainAddsTheirCalls)
{
    Facts facts = facts_of(fault(FaultCode::upstream_error, 400), Word::tool_pairing, kChained);
    EXPECT_EQ(describe(decide(facts)), "next context, keep");
    facts.carries_own_calls = true;
    EXPECT_EQ(describe(decide(facts)), "relay, keep");
}

TEST(Decide, LeavesSealedReasoningOutOnce)
{
    Facts facts = facts_of(fault(FaultCode::upstream_error, 400), Word::sealed, kNew);
    EXPECT_EQ(describe(decide(facts)), "relay, keep");
    facts.can_unseal = true;
    EXPECT_EQ(describe(decide(facts)), "again unsealed, keep");
    facts.seen = Seen::content;
    EXPECT_EQ(describe(decide(facts)), "relay, keep");
}

// Whatever is wrong with the shorter form, the client has sent another.
TEST(Decide, SendsTheWholeWhereItsRestIsRefused)
{
    for (const Word word : {Word::parent_not_found,
                            Word::tool_pairing,
                            Word::orphaned_reasoning,
                            Word::sealed,
                            Word::request_over_limit,
                            Word::request_error}) {
        Facts facts = facts_of(fault(FaultCode::upstream_error, 400), word, kShortened);
        facts.carries_own_calls = true;
        EXPECT_EQ(describe(decide(facts)), "next context, keep");
        facts.seen = Seen::content;
        EXPECT_EQ(describe(decide(facts)), "relay, keep");
    }
    EXPECT_EQ(describe(decide(facts_of(fault(FaultCode::upstream_lost), Word::none, kShortened))),
              "next route, fault");
    EXPECT_EQ(
        describe(decide(facts_of(fault(FaultCode::parent_not_found), Word::none, kShortened))),
        "next route");
}

TEST(Decide, NeverSendsTwiceWhatIsTooLarge)
{
    const Fault too_large = fault(FaultCode::create_too_large);
    EXPECT_EQ(describe(decide(facts_of(too_large, Word::none, kNewTwo))), "tell create_too_large");
    EXPECT_EQ(describe(decide(facts_of(too_large, Word::none, kChained))), "tell create_too_large");
    EXPECT_EQ(describe(decide(facts_of(too_large, Word::none, kRebuiltTwo))),
              "tell parent_not_found"); // the client knows a smaller form
}

TEST(Decide, TellsOfAPreemptedTurnOnlyWhoHasSeenSomethingOfIt)
{
    Facts facts = facts_of(fault(FaultCode::preempted), Word::none, kNew);
    EXPECT_EQ(describe(decide(facts)), "drop");
    facts.seen = Seen::lifecycle;
    EXPECT_EQ(describe(decide(facts)), "interrupt preempted");
    facts.fault = fault(FaultCode::interrupted);
    EXPECT_EQ(describe(decide(facts)), "interrupt interrupted");
    facts.seen = Seen::nothing; // but it has asked for it
    EXPECT_EQ(describe(decide(facts)), "interrupt interrupted");
}

TEST(Decide, TellsTheFaultsOfClientAndGatewayAsTheyAre)
{
    for (int i = 0; i <= static_cast<int>(FaultCode::internal_error); ++i) {
        const auto code = static_cast<FaultCode>(i);
        if (code == FaultCode::client_gone || code == FaultCode::interrupted ||
            code == FaultCode::preempted)
            continue; // the client's own wish
        if (code == FaultCode::parent_not_found)
            continue; // of a route, and there is another
        const Facts facts = facts_of(fault(code), Word::none, kNewTwo);
        EXPECT_EQ(describe(decide(facts)), "tell " + std::string(core::name_of(code)));
        EXPECT_EQ(decided_with_content(facts),
                  std::set{"tell " + std::string(core::name_of(code))});
    }
}

TEST(Decide, SaysWhyItRetriesAndWhyNot)
{
    const Fault lost = fault(FaultCode::upstream_lost);
    EXPECT_EQ(decide(facts_of(lost, Word::none, kNew)).reason, "upstream_lost");
    EXPECT_EQ(decide(facts_of(lost, Word::none, kNew)).why_not, "");
    EXPECT_EQ(decide(facts_of(lost, Word::none, kBroken)).why_not, "chain_incomplete");
    EXPECT_EQ(decide(facts_of(lost, Word::none, kBroken)).reason, "");

    const Fault refused = fault(FaultCode::dial_refused, 429);
    EXPECT_EQ(decide(facts_of(refused, Word::rate_limited, kNewTwo)).reason, "rate_limited");
    EXPECT_EQ(decide(facts_of(refused, Word::rate_limited, kNew)).why_not, "no_other_account");

    Facts facts = facts_of(lost, Word::none, kNew);
    facts.has_output = true;
    EXPECT_EQ(decide(facts).why_not, "answer_seen");
    facts.has_output = false;
    facts.attempts = 2;
    EXPECT_EQ(decide(facts).why_not, "attempts_spent");
    facts.attempts = 1;
    facts.time_left = std::chrono::milliseconds(-1);
    EXPECT_EQ(decide(facts).why_not, "budget_spent");
}

// http.md section 5: it has seen nothing of what the upstream had sent; once more, not for ever.
TEST(Decide, GivesWhoWaitsForADocumentAnotherAfterALoss)
{
    Facts facts = facts_of(fault(FaultCode::upstream_lost), Word::none, kNew);
    facts.has_output = true;
    EXPECT_EQ(decide(facts).why_not, "answer_seen");
    facts.waits_for_end = true;
    EXPECT_TRUE(decide(facts).is_retry());
    facts.attempts = 2;
    EXPECT_EQ(decide(facts).why_not, "attempts_spent");
}

// http.md section 6.6: what a client may not send again by itself.
TEST(MayHaveRun, IsWhatReachedTheUpstreamAndWasNotRefused)
{
    struct
    {
        Fault fault;
        Word word;
        bool may_have_run;
    } const rows[] = {
        {fault(FaultCode::upstream_lost), Word::none, true},
        {fault(FaultCode::upstream_restart), Word::none, true},
        {fault(FaultCode::upstream_timeout), Word::none, true},
        {fault(FaultCode::upstream_error), Word::none, true},
        {fault(FaultCode::upstream_error), Word::server_error, true},
        {fault(FaultCode::upstream_error), Word::overloaded, true},
        {fault(FaultCode::upstream_error), Word::not_now, false},
        {fault(FaultCode::upstream_error), Word::request_error, false},
        {fault(FaultCode::upstream_error), Word::request_over_limit, false},
        {fault(FaultCode::upstream_error), Word::rate_limited, false},
        {fault(FaultCode::upstream_error), Word::quota, false},
        {fault(FaultCode::upstream_error), Word::credentials, false},
        {fault(FaultCode::upstream_error), Word::no_api, false},
        {fault(FaultCode::upstream_error), Word::challenge, false},
        {fault(FaultCode::upstream_error), Word::connection_limit, false},
        {fault(FaultCode::upstream_error), Word::parent_not_found, false},
        {fault(FaultCode::upstream_error), Word::tool_pairing, false},
        {fault(FaultCode::upstream_error), Word::orphaned_reasoning, false},
        {fault(FaultCode::upstream_error), Word::sealed, false},
    };
    for (const auto& row : rows) {
        Facts facts{.fault = row.fault, .word = row.word};
        EXPECT_FALSE(may_have_run(facts)) << "never sent";
        facts.may_be_delivered = true;
        EXPECT_EQ(may_have_run(facts), row.may_have_run)
            << core::name_of(row.fault.code) << " " << static_cast<int>(row.word);
        facts.is_stale = true;
        EXPECT_FALSE(may_have_run(facts)) << "closed before it was read";
        facts.is_stale = false;
        facts.has_output = true;
        EXPECT_TRUE(may_have_run(facts)) << "it was at work";
    }
}

TEST(IsSpent, CountsWhatMayHaveBeenExecuted)
{
    struct
    {
        Fault fault;
        Word word;
        bool is_spent;
    } const rows[] = {
        {fault(FaultCode::upstream_lost), Word::none, true},
        {fault(FaultCode::upstream_restart), Word::none, true},
        {fault(FaultCode::upstream_timeout), Word::none, true},
        {fault(FaultCode::upstream_error), Word::server_error, true},
        {fault(FaultCode::upstream_error), Word::overloaded, true},
        {fault(FaultCode::upstream_error), Word::connection_limit, true},
        {fault(FaultCode::upstream_error), Word::request_error, true},
        {fault(FaultCode::upstream_error), Word::none, true},
        {fault(FaultCode::upstream_error), Word::rate_limited, false},
        {fault(FaultCode::upstream_error), Word::quota, false},
        {fault(FaultCode::upstream_error), Word::parent_not_found, false},
        {fault(FaultCode::upstream_error), Word::tool_pairing, false},
        {fault(FaultCode::upstream_error), Word::orphaned_reasoning, false},
    };
    for (const auto& row : rows) {
        Facts facts{.fault = row.fault, .word = row.word};
        EXPECT_FALSE(is_spent(facts)) << "never sent";
        facts.may_be_delivered = true;
        EXPECT_EQ(is_spent(facts), row.is_spent)
            << core::name_of(row.fault.code) << " " << static_cast<int>(row.word);
        facts.has_output = true;
        EXPECT_TRUE(is_spent(facts)) << "it was at work";
    }
}

namespace {

struct Cause
{
    Fault fault;
    Word word;
};

std::vector<Cause> all_causes()
{
    std::vector<Cause> causes;
    for (int i = 0; i <= static_cast<int>(FaultCode::upstream_error); ++i) {
        const auto code = static_cast<FaultCode>(i);
        const bool is_answer = code == FaultCode::dial_refused || code == FaultCode::upstream_error;
        const int last_word = is_answer ? static_cast<int>(Word::request_error) : 0;
        for (int word = 0; word <= last_word; ++word)
            for (const int status : {0, 429})
                if (is_answer || status == 0)
                    causes.push_back({fault(code, status), static_cast<Word>(word)});
    }
    return causes;
}

// Each combination of all that is not the cause, once.
template <class Visit>
void for_each_combination(Facts facts, const Visit& visit)
{
    const int kFlags = 1 << 11;
    for (const Seen seen : {Seen::nothing, Seen::lifecycle, Seen::content})
        for (const auto how : {How::fresh, How::here, How::by_id, How::rebuilt, How::shortened})
            for (const int attempts : {1, 2})
                for (const int left : {0, 1})
                    for (int flags = 0; flags < kFlags; ++flags) {
                        facts.seen = seen;
                        facts.how = how;
                        facts.attempts = attempts;
                        facts.time_left = std::chrono::milliseconds(left);
                        facts.is_response_failed = (flags & 1) != 0;
                        facts.may_be_delivered = (flags & 2) != 0;
                        facts.has_output = (flags & 4) != 0;
                        facts.left.after_route = (flags & 16) != 0;
                        facts.left.after_context = (flags & 32) != 0;
                        facts.left.after_account = (flags & 64) != 0;
                        facts.is_context_lost = (flags & 128) != 0;
                        facts.carries_own_calls = (flags & 256) != 0;
                        facts.can_unseal = (flags & 512) != 0;
                        facts.has_other_account = (flags & 1024) != 0;
                        visit(facts);
                    }
}

bool is_left(const Facts::Left& left, Strike strike)
{
    switch (strike) {
    case Strike::nothing:
        return false;
    case Strike::route:
        return left.after_route;
    case Strike::context:
        return left.after_context;
    case Strike::account:
        return left.after_account;
    }
    return false;
}

// The promises that no row may break; the first broken one, or nothing.
const char* broken_retry(const Facts& facts, const Action& action)
{
    const bool is_own_finding = facts.fault.code == FaultCode::parent_not_found;
    if (facts.has_output || facts.seen == Seen::content)
        return "no retry after output";
    if (!is_own_finding && (facts.attempts >= facts.max_attempts || facts.time_left.count() <= 0))
        return "no retry beyond attempts and budget";
    if (action.what == Action::What::next && !is_left(facts.left, action.strike))
        return "the next route is there";
    if (action.what == Action::What::next && action.backoff)
        return "another route needs no backoff";
    if (action.what == Action::What::again && facts.how == How::here)
        return "what a connection knew is gone with it";
    if (action.unseal && !facts.can_unseal)
        return "what is left out is there";
    return action.reason.empty() || !action.why_not.empty() ? "a retry has its reason" : nullptr;
}

const char* broken_end(const Facts& facts, const Action& action)
{
    const bool is_event = facts.fault.code == FaultCode::upstream_error;
    const bool is_said = is_event && (facts.word != Word::none || facts.is_response_failed);
    if (action.what == Action::What::relay && !is_said)
        return "only what the upstream said is relayed";
    if (action.what == Action::What::tell && action.tell == FaultCode::client_gone)
        return "nobody is told that the client is gone";
    const bool is_context_gone = facts.is_context_lost;
    const bool is_own = facts.fault.code == FaultCode::parent_not_found ||
                        facts.fault.code == FaultCode::create_too_large;
    if (action.what == Action::What::tell && action.tell == FaultCode::parent_not_found &&
        !is_own && (!is_context_gone || facts.has_output || facts.seen == Seen::content))
        return "only a context that is gone, of an answer not begun, is told so";
    return action.reason.empty() && !action.backoff ? nullptr : "only a retry has a reason";
}

const char* broken_promise(const Facts& facts, const Action& action)
{
    const FaultCode code = facts.fault.code;
    const bool is_upstream = core::side_of(code) == core::Side::upstream;
    const bool is_loss = code == FaultCode::upstream_lost || code == FaultCode::upstream_restart ||
                         code == FaultCode::upstream_timeout;
    const bool is_unseen = code == FaultCode::preempted && facts.seen == Seen::nothing;
    if ((action.what == Action::What::drop) != (code == FaultCode::client_gone || is_unseen))
        return "dropped if and only if the client is gone, or saw nothing of what it replaced";
    const bool is_interrupted =
        code == FaultCode::interrupted || (code == FaultCode::preempted && !is_unseen);
    if ((action.what == Action::What::interrupt) != is_interrupted)
        return "interrupted if and only if the client wanted it";
    if (!is_upstream && action.account != Action::Verdict::none)
        return "accounts answer for upstream faults alone";
    if (is_loss && action.account != Action::Verdict::fault)
        return "each loss counts once";
    if (action.keep_connection && code != FaultCode::upstream_error)
        return "only after an error event does the connection go on";
    return action.is_retry() ? broken_retry(facts, action) : broken_end(facts, action);
}

// What an account lacks beside turns is no reason to ask it for none (http.md section 6.6).
TEST(Decide, AnEndpointThatIsNotThereIsNotTheAccountsEnd)
{
    const Fault missing{FaultCode::upstream_error, {}, "test", 404};
    Facts facts = facts_of(missing, Word::no_api, kNewTwo);
    EXPECT_EQ(describe(decide(facts)), "next account, credentials, keep");
    facts.is_aside = true;
    EXPECT_EQ(describe(decide(facts)), "next account, keep");
    facts.left = {};
    EXPECT_EQ(describe(decide(facts)), "relay, keep");
}

} // namespace

TEST(Decide, KeepsItsPromisesForAllFacts)
{
    std::size_t combinations = 0;
    std::set<std::string> broken;
    for (const Cause& cause : all_causes()) {
        const Facts facts{.fault = cause.fault, .word = cause.word};
        for_each_combination(facts, [&](const Facts& each) {
            ++combinations;
            const Action action = decide(each);
            const char* promise = broken_promise(each, action);
            if (promise)
                broken.insert(std::string(promise) + ": " +
                              std::string(core::name_of(each.fault.code)) + " " +
                              std::to_string(static_cast<int>(each.word)) + " " + describe(action));
        });
    }
    EXPECT_EQ(broken, std::set<std::string>{});
    EXPECT_GT(combinations, 2'000'000u);
}

} // namespace turngate::gateway
