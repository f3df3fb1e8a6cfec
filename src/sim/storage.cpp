#include "storage.hpp"

#include <utility>

namespace turngate::sim {
namespace {

std::string place(const std::string& owner, const std::string& id)
{
    return owner + '\n' + id;
}

} // namespace

void Storage::keep(const std::string& owner, const std::string& id, ContextPtr context)
{
    const auto [at, is_new] = kept_.insert_or_assign(place(owner, id), std::move(context));
    if (!is_new)
        return;
    order_.push_back(at->first);
    if (order_.size() > kMost) {
        kept_.erase(order_.front());
        order_.pop_front();
    }
}

ContextPtr Storage::find(const std::string& owner, const std::string& id) const
{
    const auto found = kept_.find(place(owner, id));
    return found == kept_.end() ? nullptr : found->second;
}

} // namespace turngate::sim
