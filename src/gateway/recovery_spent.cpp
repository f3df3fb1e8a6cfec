#include "recovery.hpp"

#include <optional>

namespace turngate::gateway {

using accounts::UpstreamWord;
using core::FaultCode;

namespace {

// As far as that does not hang on what the upstream said. Nothing: it does.
std::optional<bool> was_executed(const Facts& facts) noexcept
{
    if (!facts.may_be_delivered || facts.is_stale)
        return false;
    if (facts.fault.code != FaultCode::upstream_error || facts.has_output)
        return true;
    return std::nullopt;
}

} // namespace

bool is_spent(const Facts& facts) noexcept
{
    if (const auto known = was_executed(facts))
        return *known;
    switch (facts.word) {
    case UpstreamWord::parent_not_found:
    case UpstreamWord::tool_pairing:
    case UpstreamWord::orphaned_reasoning:
    case UpstreamWord::sealed:
    case UpstreamWord::rate_limited:
    case UpstreamWord::quota:
    case UpstreamWord::credentials:
    case UpstreamWord::no_api:
        return false;
    case UpstreamWord::not_now: // nor was this; but nothing else bounds its repetition
    case UpstreamWord::none:
    case UpstreamWord::connection_limit: // refused, but nothing else bounds its repetition
    case UpstreamWord::overloaded:
    case UpstreamWord::server_error:
    case UpstreamWord::challenge:
    case UpstreamWord::request_over_limit:
    case UpstreamWord::request_error:
        return true;
    }
    return true;
}

// http.md section 6.6, its second column.
bool may_have_run(const Facts& facts) noexcept
{
    if (const auto known = was_executed(facts))
        return *known;
    switch (facts.word) {
    case UpstreamWord::none:
    case UpstreamWord::overloaded:
    case UpstreamWord::server_error:
        return true;
    case UpstreamWord::parent_not_found:
    case UpstreamWord::tool_pairing:
    case UpstreamWord::orphaned_reasoning:
    case UpstreamWord::sealed:
    case UpstreamWord::connection_limit:
    case UpstreamWord::rate_limited:
    case UpstreamWord::quota:
    case UpstreamWord::credentials:
    case UpstreamWord::no_api:
    case UpstreamWord::not_now:
    case UpstreamWord::challenge:
    case UpstreamWord::request_over_limit:
    case UpstreamWord::request_error:
        return false;
    }
    return true;
}

} // namespace turngate::gateway
