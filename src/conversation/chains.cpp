#include "turngate/conversation/chains.hpp"

namespace turngate::conversation {

Chain* Chains::find(const core::Digest& key) noexcept
{
    const auto found = entries_.find(key);
    return found == entries_.end() ? nullptr : found->second.chain.get();
}

void Chains::add(const core::Digest& key, const ChainTurn& turn, std::uint64_t size)
{
    seals_.note(reader_, turn.outputs, turn.account);
    const auto found = entries_.find(key);
    if (found == entries_.end())
        return; // its sockets are gone, and all that was kept for them
    while (budget_.left() < size && !idle_.empty())
        drop_oldest_idle();
    auto& chain = found->second.chain;
    if (!chain)
        chain = std::make_unique<Chain>(budget_, seals_, reader_, limits_.bytes_per_session);
    chain->add(turn);
}

void Chains::enter(const core::Digest& key)
{
    const auto [found, is_new] = entries_.try_emplace(key);
    Entry& entry = found->second;
    if (!is_new && entry.sockets == 0)
        idle_.erase(entry.idle);
    ++entry.sockets;
}

bool Chains::has_sockets(const core::Digest& key) const
{
    const auto found = entries_.find(key);
    return found != entries_.end() && found->second.sockets > 0;
}

void Chains::leave(const core::Digest& key, bool keep, core::Deadline now)
{
    drop_idle(now - limits_.idle);
    const auto found = entries_.find(key);
    Entry& entry = found->second;
    if (--entry.sockets > 0)
        return;
    if (!entry.chain || !keep) {
        entries_.erase(found);
        return;
    }
    entry.idle_since = now;
    entry.idle = idle_.insert(idle_.end(), key);
}

void Chains::drop_idle(core::Deadline before)
{
    while (!idle_.empty() && entries_.find(idle_.front())->second.idle_since < before)
        drop_oldest_idle();
}

void Chains::drop_oldest_idle()
{
    entries_.erase(idle_.front());
    idle_.pop_front();
}

} // namespace turngate::conversation
