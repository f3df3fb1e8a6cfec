#include "open_calls.hpp"

#include <utility>

namespace turngate::conversation {

void OpenCalls::open(OpenCall call)
{
    open_.emplace(call.id, calls_.size());
    calls_.push_back(std::move(call));
}

bool OpenCalls::answer(std::string_view id)
{
    const auto oldest = open_.lower_bound(id);
    if (oldest == open_.end() || oldest->first != id)
        return false;
    calls_[oldest->second].id.clear();
    open_.erase(oldest);
    return true;
}

std::vector<OpenCall> OpenCalls::take()
{
    std::erase_if(calls_, [](const OpenCall& call) { return call.id.empty(); });
    open_.clear();
    return std::exchange(calls_, {});
}

} // namespace turngate::conversation
