#include "storage.hpp"

#include <utility>

namespace turngate::sim {
namespace {

std::string place(const std::string& owner, const std::string& id)
{
    return owner + '\n' + id;
}

std::size_t size_of(const Record& record)
{
    return record.response.size() + record.input.size();
}

} // namespace

void Storage::keep(const std::string& owner,
                   const std::string& id,
                   ContextPtr context,
                   Record record)
{
    forget(owner, id);
    bytes_ += size_of(record);
    const auto at =
        kept_.emplace(place(owner, id), Kept{std::move(context), std::move(record), ++last_}).first;
    order_.emplace(last_, at->first);
    while (order_.size() > kMost || (bytes_ > kMostBytes && order_.size() > 1))
        drop(kept_.find(order_.begin()->second));
}

ContextPtr Storage::find(const std::string& owner, const std::string& id) const
{
    const auto found = kept_.find(place(owner, id));
    return found == kept_.end() ? nullptr : found->second.context;
}

const Record* Storage::record(const std::string& owner, const std::string& id) const
{
    const auto found = kept_.find(place(owner, id));
    const bool is_here = found != kept_.end() && !found->second.record.response.empty();
    return is_here ? &found->second.record : nullptr;
}

bool Storage::forget(const std::string& owner, const std::string& id)
{
    const auto found = kept_.find(place(owner, id));
    if (found == kept_.end())
        return false;
    drop(found);
    return true;
}

void Storage::drop(std::unordered_map<std::string, Kept>::iterator kept)
{
    bytes_ -= size_of(kept->second.record);
    order_.erase(kept->second.number);
    kept_.erase(kept);
}

} // namespace turngate::sim
