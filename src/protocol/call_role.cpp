#include "turngate/protocol/item.hpp"

#include <algorithm>
#include <iterator>

namespace turngate::protocol {
namespace {

struct Row
{
    std::string_view type;
    CallRole role;
};

// The types that do not go by their `call_id` alone. The answer of a local shell carries the call's
// `call_id` in its `id`.
constexpr Row kRows[] = {
    {"local_shell_call", {CallPart::call, CallKey::call_id_or_id}},
    {"local_shell_call_output", {CallPart::output, CallKey::call_id_or_id}},
    {"mcp_approval_request", {CallPart::call, CallKey::id}},
    {"mcp_approval_response", {CallPart::output, CallKey::approval_request_id}},
};

} // namespace

CallRole call_role(std::string_view type) noexcept
{
    const Row* const row = std::ranges::find(kRows, type, &Row::type);
    if (row != std::end(kRows))
        return row->role;
    if (type.ends_with("_output"))
        return {CallPart::output, CallKey::call_id};
    if (type.ends_with("_call"))
        return {CallPart::call, CallKey::call_id};
    return {};
}

std::string_view call_name(CallKey key,
                           std::string_view call_id,
                           std::string_view id,
                           std::string_view approval_request_id) noexcept
{
    switch (key) {
    case CallKey::none:
        return {};
    case CallKey::call_id:
        return call_id;
    case CallKey::call_id_or_id:
        return call_id.empty() ? id : call_id;
    case CallKey::id:
        return id;
    case CallKey::approval_request_id:
        return approval_request_id;
    }
    return {};
}

} // namespace turngate::protocol
