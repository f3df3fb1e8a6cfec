#include "call.hpp"

#include <algorithm>

namespace turngate::sim {

std::optional<Error> settle_calls(std::vector<Call>& open, const std::vector<CallItem>& items)
{
    for (const CallItem& item : items) {
        if (!item.is_output) {
            open.push_back(item.call);
            continue;
        }
        const auto answered = std::find_if(open.begin(), open.end(), [&](const Call& call) {
            return call.id == item.call.id && call.type == item.call.type;
        });
        if (answered == open.end())
            return no_call_found(item.call.output_type(), item.call.id);
        open.erase(answered);
    }
    if (!open.empty())
        return no_output_found(open.front().type, open.front().id);
    return std::nullopt;
}

} // namespace turngate::sim
