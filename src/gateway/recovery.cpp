#include "recovery.hpp"

namespace turngate::gateway {
namespace {

using accounts::UpstreamWord;
using core::FaultCode;
using What = Action::What;
using Verdict = Action::Verdict;

// The client has, or may have had, something of the answer. Lifecycle events alone are none of it:
// a second response.created harms nobody, an error that could have been mended does.
bool is_answered(const Facts& facts) noexcept
{
    return facts.has_output || facts.seen == Seen::content;
}

std::string_view why_not(const Facts& facts, bool is_possible, std::string_view otherwise) noexcept
{
    if (is_answered(facts))
        return "answer_seen";
    if (facts.attempts >= facts.max_attempts)
        return "attempts_spent";
    if (facts.time_left.count() <= 0)
        return "budget_spent";
    return is_possible ? std::string_view() : otherwise;
}

Action next(Strike strike, FaultCode code, Verdict verdict, std::string_view reason) noexcept
{
    return {
        .what = What::next, .tell = code, .strike = strike, .account = verdict, .reason = reason};
}

Action tell(FaultCode code, Verdict verdict = Verdict::none, std::string_view why = {}) noexcept
{
    return {.what = What::tell, .tell = code, .account = verdict, .why_not = why};
}

Action relay(Verdict verdict = Verdict::none, std::string_view why = {}) noexcept
{
    return {
        .what = What::relay, .tell = FaultCode::upstream_error, .account = verdict, .why_not = why};
}

// Told that its context is lost, the client sends all of it again, and the conversation goes on.
FaultCode or_parent_not_found(const Facts& facts, FaultCode code) noexcept
{
    return !is_answered(facts) && facts.is_context_lost ? FaultCode::parent_not_found : code;
}

// No connection of the account is to be had, or it is used up: another account may do better.
Action elsewhere(const Facts& facts, std::string_view reason, Action end) noexcept
{
    end.why_not = why_not(facts, facts.left.after_account, "no_other_account");
    if (!end.why_not.empty())
        return end;
    return next(Strike::account, end.tell, end.account, reason);
}

// Once more on the same route, on a new connection; else the given end. What a connection had in
// its memory is gone with it, and after an error too (protocol.md section 5): then the next route.
Action once_more(const Facts& facts, std::string_view reason, Action end) noexcept
{
    const bool was_here = facts.how == Route::How::here || facts.how == Route::How::shortened;
    end.why_not = why_not(facts, !was_here || facts.left.after_route, "chain_incomplete");
    if (!end.why_not.empty())
        return end;
    if (was_here)
        return next(Strike::route, end.tell, end.account, reason);
    return {.what = What::again, .tell = end.tell, .account = end.account, .reason = reason};
}

// The same, after a moment's rest.
Action again_later(const Facts& facts, std::string_view reason, const Action& end) noexcept
{
    Action action = once_more(facts, reason, end);
    action.backoff = action.what == What::again;
    return action;
}

// Another account if one can, else the same a moment later.
Action elsewhere_or_later(const Facts& facts, std::string_view reason, Action end) noexcept
{
    const Action moved = elsewhere(facts, reason, end);
    return moved.is_retry() ? moved : again_later(facts, reason, end);
}

// A refusal that does not speak of the account is the request's.
Action after_dial(const Facts& facts) noexcept
{
    const UpstreamWord word = facts.word;
    if (word == UpstreamWord::rate_limited || word == UpstreamWord::quota)
        return elsewhere(facts,
                         word == UpstreamWord::quota ? "quota" : "rate_limited",
                         tell(FaultCode::rate_limited, Verdict::cool));
    if (word == UpstreamWord::credentials)
        return elsewhere(
            facts,
            "account_refused",
            tell(or_parent_not_found(facts, FaultCode::no_account), Verdict::credentials));
    if (word == UpstreamWord::request_error || word == UpstreamWord::request_over_limit)
        return tell(FaultCode::invalid_request);
    const FaultCode code = or_parent_not_found(facts, facts.fault.code);
    return elsewhere_or_later(facts, core::name_of(facts.fault.code), tell(code, Verdict::fault));
}

// A server closes what it has kept idle just when a request comes: nobody's fault, and nothing was
// executed (http.md section 6.6).
Action after_stale(const Facts& facts) noexcept
{
    Action action = once_more(facts, "stale_connection", tell(facts.fault.code));
    action.anew = action.is_retry();
    return action;
}

// The connection is gone, and with it what only it knew.
Action after_loss(const Facts& facts) noexcept
{
    const bool is_limit = facts.word == UpstreamWord::connection_limit; // foreseen: no fault
    const FaultCode code = facts.fault.code;
    Action end = is_limit ? relay() : tell(code, Verdict::fault);
    Facts seen = facts; // who waits for a document can be given another (http.md section 5)
    seen.has_output = facts.has_output && !facts.waits_for_end;
    end = once_more(seen, is_limit ? "connection_limit" : core::name_of(code), end);
    if (!end.is_retry() && or_parent_not_found(seen, code) != code)
        return tell(FaultCode::parent_not_found, end.account, end.why_not);
    return end;
}

// The context on the upstream is not what the client takes it for: it gets the whole, once.
Action rebuild(const Facts& facts, std::string_view reason, Action end) noexcept
{
    end.why_not = why_not(facts, facts.left.after_context, "no_complete_chain");
    if (!end.why_not.empty())
        return end;
    return next(Strike::context, end.tell, Verdict::none, reason);
}

// Outputs whose calls stand beside them lack nothing that the chain could add.
Action after_tool_pairing(const Facts& facts) noexcept
{
    if (facts.carries_own_calls)
        return relay(Verdict::none, "carries_own_calls");
    return rebuild(facts, "tool_pairing", relay());
}

// Another account sealed it, or this one has forgotten how.
Action after_sealed(const Facts& facts) noexcept
{
    if (!facts.can_unseal)
        return relay(Verdict::none, "nothing_sealed");
    Action action = once_more(facts, "sealed_reasoning", relay());
    action.unseal = action.is_retry();
    return action;
}

// The account is used up or shut out, which the client cannot mend and need not hear. Who cannot be
// moved unseen to an account that can may come again with the whole context.
Action after_exhausted(const Facts& facts,
                       FaultCode code,
                       Verdict verdict,
                       std::string_view reason) noexcept
{
    if (is_answered(facts))
        return relay(verdict, "answer_seen");
    if (facts.has_other_account)
        code = or_parent_not_found(facts, code);
    return elsewhere(facts, reason, tell(code, verdict));
}

// Clients take the upstream's own words for final (protocol.md section 10.4), so they are relayed
// only where the client has content already.
Action after_overload(const Facts& facts) noexcept
{
    if (is_answered(facts))
        return relay(Verdict::fault, "answer_seen");
    return elsewhere_or_later(facts, "overloaded", tell(FaultCode::no_account, Verdict::fault));
}

// What is wrong with a request.
bool speaks_of_request(UpstreamWord word) noexcept
{
    return word == UpstreamWord::tool_pairing || word == UpstreamWord::orphaned_reasoning ||
           word == UpstreamWord::sealed || word == UpstreamWord::request_over_limit ||
           word == UpstreamWord::request_error;
}

Action after_word(const Facts& facts) noexcept
{
    if (facts.how == Route::How::shortened && speaks_of_request(facts.word))
        return rebuild(facts, "shortened_refused", relay()); // it is not the client's
    switch (facts.word) {
    case UpstreamWord::none: // an error event that says nothing: clients would wait on
        return facts.is_response_failed ? relay() : tell(FaultCode::upstream_error);
    case UpstreamWord::parent_not_found:
        return rebuild(facts, "parent_not_found", relay());
    case UpstreamWord::tool_pairing:
        return after_tool_pairing(facts);
    case UpstreamWord::orphaned_reasoning:
        return rebuild(facts, "orphaned_reasoning", relay());
    case UpstreamWord::sealed:
        return after_sealed(facts);
    case UpstreamWord::connection_limit:
        return after_loss(facts);
    case UpstreamWord::rate_limited:
        return after_exhausted(facts, FaultCode::rate_limited, Verdict::cool, "rate_limited");
    case UpstreamWord::quota:
        return after_exhausted(facts, // OpenRouter's credits: 402, which no client understands
                               facts.fault.status == 402 ? FaultCode::no_account
                                                         : FaultCode::rate_limited,
                               Verdict::cool,
                               "quota");
    case UpstreamWord::credentials:
        return after_exhausted(
            facts, FaultCode::no_account, Verdict::credentials, "account_refused");
    case UpstreamWord::no_api:
        if (facts.is_aside)
            return elsewhere(facts, "no_endpoint", relay());
        return after_exhausted(
            facts, FaultCode::no_account, Verdict::credentials, "no_responses_api");
    case UpstreamWord::not_now:
        return again_later(facts, "not_now", relay());
    case UpstreamWord::overloaded:
        return after_overload(facts);
    case UpstreamWord::server_error:
        return elsewhere_or_later(facts, "server_error", relay(Verdict::fault));
    case UpstreamWord::challenge:
        return elsewhere_or_later(facts, "challenge", tell(FaultCode::no_account, Verdict::fault));
    case UpstreamWord::request_over_limit:
    case UpstreamWord::request_error:
        return relay();
    }
    return tell(FaultCode::internal_error);
}

// An error event ends its request alone; the connection goes on, but for those two.
Action after_error_event(const Facts& facts) noexcept
{
    Action action = after_word(facts);
    action.keep_connection =
        facts.word != UpstreamWord::connection_limit && facts.word != UpstreamWord::credentials;
    return action;
}

} // namespace

Action decide(const Facts& facts) noexcept
{
    switch (facts.fault.code) {
    case FaultCode::client_gone:
        return {.what = What::drop, .tell = FaultCode::client_gone};
    case FaultCode::interrupted:
        return {.what = What::interrupt, .tell = FaultCode::interrupted};
    case FaultCode::preempted: // who saw nothing of it need not hear of its end
        return {.what = facts.seen == Seen::nothing ? What::drop : What::interrupt,
                .tell = FaultCode::preempted};
    case FaultCode::invalid_json:
    case FaultCode::invalid_request:
    case FaultCode::unsupported_event:
    case FaultCode::model_not_found:
    case FaultCode::invalid_stream_id:
    case FaultCode::stream_limit_reached:
    case FaultCode::request_too_large:
    case FaultCode::invalid_api_key:
    case FaultCode::rate_limited:
    case FaultCode::quota_exceeded:
    case FaultCode::no_account:
    case FaultCode::gateway_draining:
    case FaultCode::accounting_unavailable:
    case FaultCode::out_of_resources:
    case FaultCode::internal_error:
        return tell(facts.fault.code);
    case FaultCode::create_too_large: // by everyone; of a rebuilt one there is a smaller form
        return tell(facts.how == Route::How::rebuilt ? FaultCode::parent_not_found
                                                     : FaultCode::create_too_large);
    case FaultCode::parent_not_found: // our own finding: this route leads nowhere
        if (facts.left.after_route && !is_answered(facts))
            return next(Strike::route, facts.fault.code, Verdict::none, "parent_not_found");
        return tell(facts.fault.code);
    case FaultCode::dial_failed:
    case FaultCode::dial_refused:
        return after_dial(facts);
    case FaultCode::upstream_timeout:
    case FaultCode::upstream_lost:
    case FaultCode::upstream_restart:
        if (facts.is_stale)
            return after_stale(facts);
        return facts.may_be_delivered ? after_loss(facts) : after_dial(facts);
    case FaultCode::upstream_error:
        return after_error_event(facts);
    }
    return tell(FaultCode::internal_error);
}

} // namespace turngate::gateway
