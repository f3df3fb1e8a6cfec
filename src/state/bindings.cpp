#include "bindings.hpp"

namespace turngate::state {

std::size_t bytes_of(const Binding& binding)
{
    std::size_t bytes = binding.account.capacity() + binding.lane.capacity();
    for (const std::string& call : binding.pending_calls)
        bytes += sizeof(call) + call.capacity();
    return bytes;
}

std::size_t bytes_of(const LaneBinding& binding)
{
    return binding.account.capacity() + binding.last_response.capacity() +
           binding.turn_state.capacity();
}

std::string local_key(std::string_view tenant, std::string_view id)
{
    std::string key;
    key.reserve(tenant.size() + 1 + id.size());
    key.append(tenant).push_back('\0');
    key.append(id);
    return key;
}

} // namespace turngate::state
