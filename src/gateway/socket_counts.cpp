#include "socket_counts.hpp"

#include <algorithm>

namespace turngate::gateway {
namespace {

using Counts = std::map<std::string, unsigned, std::less<>>;

unsigned count_of(const Counts& counts, const std::string& name)
{
    const auto found = counts.find(name);
    return found == counts.end() ? 0 : found->second;
}

// An empty name is not known, and not counted.
void count_up(Counts& counts, const std::string& name)
{
    if (!name.empty())
        ++counts[name];
}

void count_down(Counts& counts, const std::string& name)
{
    const auto found = counts.find(name);
    if (found != counts.end() && --found->second == 0)
        counts.erase(found);
}

} // namespace

SocketCounts::Ticket::Ticket(std::shared_ptr<SocketCounts> counts, std::string ip)
    : counts_(std::move(counts)), ip_(std::move(ip))
{
}

SocketCounts::Ticket::~Ticket()
{
    if (!counts_)
        return;
    const std::lock_guard lock(counts_->mutex_);
    --counts_->all_;
    count_down(counts_->by_key_, key_);
    count_down(counts_->by_ip_, ip_);
}

bool SocketCounts::Ticket::belongs_to(const std::string& key,
                                      const std::string& ip,
                                      const Limits& limits)
{
    const std::lock_guard lock(counts_->mutex_);
    const bool is_known = key == key_;
    if (!is_known && count_of(counts_->by_key_, key) >= limits.per_key)
        return false;
    if (ip != ip_) {
        if (count_of(counts_->by_ip_, ip) >= limits.per_ip)
            return false;
        count_up(counts_->by_ip_, ip);
        count_down(counts_->by_ip_, ip_);
        ip_ = ip;
    }
    if (!is_known) {
        count_up(counts_->by_key_, key);
        count_down(counts_->by_key_, key_);
        key_ = key;
    }
    return true;
}

std::optional<SocketCounts::Ticket> SocketCounts::enter(const std::string& ip, const Limits& limits)
{
    const std::lock_guard lock(mutex_);
    if (all_ >= std::min(limits.in_all, most_) || count_of(by_ip_, ip) >= limits.per_ip)
        return std::nullopt;
    ++all_;
    count_up(by_ip_, ip);
    return Ticket(shared_from_this(), ip);
}

} // namespace turngate::gateway
