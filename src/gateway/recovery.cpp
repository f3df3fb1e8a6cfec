#include "recovery.hpp"

namespace turngate::gateway {
namespace {

using core::FaultCode;
using What = Action::What;
using accounts::UpstreamWord;
using Where = Action::Where;
using Context = Action::Context;
using Verdict = Action::Verdict;

// The client has, or may have had, something of the answer. Lifecycle events alone are none of it:
// a second response.created harms nobody, an error that could have been mended does.
bool is_answered(const Facts& facts) noexcept
{
    return facts.has_output || facts.seen == Seen::content;
}

bool can_rebuild(const Facts& facts) noexcept
{
    return facts.parent != ParentKind::none && facts.chain_complete;
}

// Its context was in the memory of the connection, and nowhere else.
bool is_context_lost(const Facts& facts) noexcept
{
    return facts.parent == ParentKind::chained && !facts.chain_complete;
}

// Tool outputs without calls and parent hang on something that only the account knows.
bool is_self_contained(const Facts& facts) noexcept
{
    return facts.parent == ParentKind::none && (!facts.has_tool_outputs || facts.carries_own_calls);
}

bool can_move(const Facts& facts) noexcept
{
    return facts.has_other_account && (is_self_contained(facts) || can_rebuild(facts));
}

// A chained parent went with its connection, a stored one stays behind with its account, and what
// was rebuilt once has been refused as it was.
bool needs_rebuild(const Facts& facts, Where where) noexcept
{
    switch (facts.parent) {
    case ParentKind::none:
        return false;
    case ParentKind::stored:
        return where == Where::other_account || facts.rebuilds > 0;
    case ParentKind::chained:
        return true;
    }
    return true;
}

std::string_view why_no_attempt(const Facts& facts) noexcept
{
    if (is_answered(facts))
        return "answer_seen";
    if (facts.attempts >= facts.max_attempts)
        return "attempts_spent";
    if (facts.left.count() <= 0)
        return "budget_spent";
    return {};
}

std::string_view why_not_again(const Facts& facts) noexcept
{
    const auto why = why_no_attempt(facts);
    if (!why.empty())
        return why;
    const bool lacks_context = needs_rebuild(facts, Where::same_account) && !can_rebuild(facts);
    return lacks_context ? "chain_incomplete" : why;
}

std::string_view why_not_elsewhere(const Facts& facts) noexcept
{
    const auto why = why_no_attempt(facts);
    if (!why.empty())
        return why;
    if (!facts.has_other_account)
        return "no_other_account";
    return can_move(facts) ? std::string_view() : "bound_to_account";
}

std::string_view why_no_rebuild(const Facts& facts) noexcept
{
    const auto why = why_no_attempt(facts);
    if (!why.empty())
        return why;
    if (facts.parent == ParentKind::none)
        return "no_parent";
    if (facts.rebuilds > 0)
        return "rebuilt_before";
    return facts.chain_complete ? std::string_view() : "chain_incomplete";
}

Action retry(const Facts& facts, Where where, Verdict verdict, std::string_view reason) noexcept
{
    const bool is_rebuilt = needs_rebuild(facts, where);
    return {.what = What::retry,
            .tell = facts.fault.code,
            .context = is_rebuilt ? Context::rebuilt : Context::unchanged,
            .where = where,
            .account = verdict,
            .reason = reason};
}

Action tell(FaultCode code, Verdict verdict = Verdict::none, std::string_view why_not = {}) noexcept
{
    return {.what = What::tell, .tell = code, .account = verdict, .why_not = why_not};
}

Action relay(Verdict verdict = Verdict::none, std::string_view why_not = {}) noexcept
{
    return {.what = What::relay,
            .tell = FaultCode::upstream_error,
            .account = verdict,
            .why_not = why_not};
}

// Told of a lost context, the client sends all of it again, and the conversation goes on.
FaultCode or_parent_not_found(const Facts& facts, FaultCode code) noexcept
{
    return !is_answered(facts) && is_context_lost(facts) ? FaultCode::parent_not_found : code;
}

// Only the other account can do better. Who cannot be moved there unseen may come again with its
// whole context.
FaultCode or_resend_elsewhere(const Facts& facts, FaultCode code) noexcept
{
    return facts.has_other_account ? or_parent_not_found(facts, code) : code;
}

// No connection of the account is to be had; another account's may.
Action after_closed_account(const Facts& facts,
                            FaultCode code,
                            Verdict verdict,
                            std::string_view reason) noexcept
{
    const auto why_not = why_not_elsewhere(facts);
    if (why_not.empty())
        return retry(facts, Where::other_account, verdict, reason);
    return tell(or_parent_not_found(facts, code), verdict, why_not);
}

// On the same account, which gets a moment's rest; else the given end.
Action again_later(const Facts& facts, std::string_view reason, Action end) noexcept
{
    end.account = Verdict::fault;
    end.why_not = why_not_again(facts);
    if (!end.why_not.empty())
        return end;
    Action action = retry(facts, Where::same_account, Verdict::fault, reason);
    action.backoff = true;
    return action;
}

// Whether the same account may well take the same dial a moment later.
bool is_passing(const core::Fault& fault) noexcept
{
    return fault.code == FaultCode::dial_failed || fault.status < 400 || fault.status >= 500;
}

Action after_dial(const Facts& facts) noexcept
{
    const int status = facts.fault.code == FaultCode::dial_refused ? facts.fault.status : 0;
    const bool is_quota = facts.word == UpstreamWord::quota;
    if (status == 429 || is_quota || facts.word == UpstreamWord::rate_limited)
        return after_closed_account(
            facts, FaultCode::rate_limited, Verdict::cool, is_quota ? "quota" : "rate_limited");
    const bool is_challenge = facts.word == UpstreamWord::challenge;
    if (status == 401 || (status == 403 && !is_challenge))
        return after_closed_account(
            facts, FaultCode::no_account, Verdict::credentials, "account_refused");

    const auto reason = core::name_of(facts.fault.code);
    if (why_not_elsewhere(facts).empty() || !is_passing(facts.fault))
        return after_closed_account(facts, facts.fault.code, Verdict::fault, reason);
    return again_later(facts, reason, tell(or_parent_not_found(facts, facts.fault.code)));
}

Action after_loss(const Facts& facts) noexcept
{
    const auto why_not = why_not_again(facts);
    if (!why_not.empty())
        return tell(or_parent_not_found(facts, facts.fault.code), Verdict::fault, why_not);
    return retry(facts, Where::same_account, Verdict::fault, core::name_of(facts.fault.code));
}

// As a loss, but foreseen: no fault of the account, and the client knows its code.
Action after_connection_limit(const Facts& facts) noexcept
{
    const auto why_not = why_not_again(facts);
    if (why_not.empty())
        return retry(facts, Where::same_account, Verdict::none, "connection_limit");
    if (or_parent_not_found(facts, FaultCode::upstream_error) == FaultCode::parent_not_found)
        return tell(FaultCode::parent_not_found, Verdict::none, why_not);
    return relay(Verdict::none, why_not);
}

// The context on the upstream is not what the client takes it for: it gets the whole, once.
Action rebuild(const Facts& facts, std::string_view reason, Action end) noexcept
{
    end.why_not = why_no_rebuild(facts);
    if (!end.why_not.empty())
        return end;
    Action action = retry(facts, Where::same_account, Verdict::none, reason);
    action.context = Context::rebuilt;
    return action;
}

// Outputs whose calls stand beside them lack nothing that the chain could add.
Action after_tool_pairing(const Facts& facts) noexcept
{
    if (facts.has_tool_outputs && facts.carries_own_calls)
        return relay(Verdict::none, "carries_own_calls");
    return rebuild(facts, "tool_pairing", relay());
}

// The account is used up or shut out, which the client cannot mend and need not hear.
Action after_exhausted_account(const Facts& facts,
                               FaultCode code,
                               Verdict verdict,
                               std::string_view reason) noexcept
{
    const auto why_not = why_not_elsewhere(facts);
    if (why_not.empty())
        return retry(facts, Where::other_account, verdict, reason);
    if (is_answered(facts))
        return relay(verdict, why_not);
    return tell(or_resend_elsewhere(facts, code), verdict, why_not);
}

Action after_server_error(const Facts& facts, std::string_view reason) noexcept
{
    if (why_not_elsewhere(facts).empty())
        return retry(facts, Where::other_account, Verdict::fault, reason);
    return again_later(facts, reason, relay());
}

// Clients take the upstream's own words for final (protocol.md section 10.4), so they are relayed
// only where the client has content already.
Action after_overload(const Facts& facts) noexcept
{
    const Action action = after_server_error(facts, "overloaded");
    if (action.what != What::relay || is_answered(facts))
        return action;
    return tell(FaultCode::no_account, action.account, action.why_not);
}

// Of an error event: by its upstream our key is refused, not the client's.
bool is_key_refused(const Facts& facts) noexcept
{
    return facts.word == UpstreamWord::credentials ||
           (facts.word == UpstreamWord::request_error && facts.fault.status == 401);
}

Action after_request_error(const Facts& facts) noexcept
{
    if (is_key_refused(facts))
        return after_exhausted_account(
            facts, FaultCode::no_account, Verdict::credentials, "account_refused");
    return relay();
}

Action after_word(const Facts& facts) noexcept
{
    switch (facts.word) {
    case UpstreamWord::none: // an error event that says nothing: clients would wait on
        return facts.is_response_failed ? relay() : tell(FaultCode::upstream_error);
    case UpstreamWord::parent_not_found:
        return rebuild(facts, "parent_not_found", relay());
    case UpstreamWord::tool_pairing:
        return after_tool_pairing(facts);
    case UpstreamWord::orphaned_reasoning:
        return rebuild(facts, "orphaned_reasoning", relay());
    case UpstreamWord::connection_limit:
        return after_connection_limit(facts);
    case UpstreamWord::rate_limited:
        return after_exhausted_account(
            facts, FaultCode::rate_limited, Verdict::cool, "rate_limited");
    case UpstreamWord::quota:
        return after_exhausted_account(facts, FaultCode::rate_limited, Verdict::cool, "quota");
    case UpstreamWord::overloaded:
        return after_overload(facts);
    case UpstreamWord::server_error:
    case UpstreamWord::challenge:
        return after_server_error(facts, "server_error");
    case UpstreamWord::sealed:
    case UpstreamWord::request_over_limit:
        return relay();
    case UpstreamWord::credentials:
    case UpstreamWord::request_error:
        return after_request_error(facts);
    }
    return tell(FaultCode::internal_error);
}

// An error event ends its request alone; the connection goes on, but for those two.
Action after_error_event(const Facts& facts) noexcept
{
    Action action = after_word(facts);
    action.keep_connection = facts.word != UpstreamWord::connection_limit && !is_key_refused(facts);
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
    case FaultCode::create_too_large:
    case FaultCode::invalid_api_key:
    case FaultCode::rate_limited:
    case FaultCode::quota_exceeded:
    case FaultCode::no_account:
    case FaultCode::gateway_draining:
    case FaultCode::accounting_unavailable:
    case FaultCode::out_of_resources:
    case FaultCode::internal_error:
        return tell(facts.fault.code);
    case FaultCode::parent_not_found: // our own finding; unknown and foreign ones have no chain
        return rebuild(facts, "parent_not_found", tell(facts.fault.code));
    case FaultCode::dial_failed:
    case FaultCode::dial_refused:
        return after_dial(facts);
    case FaultCode::upstream_lost:
    case FaultCode::upstream_restart:
        return after_loss(facts);
    case FaultCode::upstream_timeout:
        return facts.may_be_delivered ? after_loss(facts) : after_dial(facts);
    case FaultCode::upstream_error:
        return after_error_event(facts);
    }
    return tell(FaultCode::internal_error);
}

bool is_spent(const Facts& facts) noexcept
{
    if (!facts.may_be_delivered)
        return false;
    if (facts.fault.code != FaultCode::upstream_error || facts.has_output)
        return true;
    switch (facts.word) {
    case UpstreamWord::parent_not_found:
    case UpstreamWord::tool_pairing:
    case UpstreamWord::orphaned_reasoning:
    case UpstreamWord::rate_limited:
    case UpstreamWord::quota:
        return false;
    case UpstreamWord::none:
    case UpstreamWord::connection_limit: // refused, but nothing else bounds its repetition
    case UpstreamWord::overloaded:
    case UpstreamWord::server_error:
    case UpstreamWord::sealed:
    case UpstreamWord::request_over_limit:
    case UpstreamWord::credentials:
    case UpstreamWord::challenge:
    case UpstreamWord::request_error:
        return true;
    }
    return true;
}

} // namespace turngate::gateway
