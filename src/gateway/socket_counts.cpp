#include "socket_counts.hpp"

namespace turngate::gateway {
namespace {

void count_down(std::map<std::string, unsigned>& counts, const std::string& name)
{
    const auto found = counts.find(name);
    if (--found->second == 0)
        counts.erase(found);
}

} // namespace

SocketCounts::Ticket::Ticket(std::shared_ptr<SocketCounts> counts, std::string key, std::string ip)
    : counts_(std::move(counts)), key_(std::move(key)), ip_(std::move(ip))
{
}

SocketCounts::Ticket::~Ticket()
{
    if (counts_)
        counts_->leave(key_, ip_);
}

std::optional<SocketCounts::Ticket> SocketCounts::enter(const std::string& key,
                                                        const std::string& ip,
                                                        const Limits& limits)
{
    const std::lock_guard lock(mutex_);
    const auto of = [](const auto& counts, const std::string& name) {
        const auto found = counts.find(name);
        return found == counts.end() ? 0u : found->second;
    };
    if (all_ >= limits.in_all || of(by_key_, key) >= limits.per_key ||
        of(by_ip_, ip) >= limits.per_ip)
        return std::nullopt;
    ++all_;
    ++by_key_[key];
    ++by_ip_[ip];
    return Ticket(shared_from_this(), key, ip);
}

void SocketCounts::leave(const std::string& key, const std::string& ip)
{
    const std::lock_guard lock(mutex_);
    --all_;
    count_down(by_key_, key);
    count_down(by_ip_, ip);
}

} // namespace turngate::gateway
