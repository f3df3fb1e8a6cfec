#include "redis_ledger.hpp"

#include "slot_scripts.hpp"

#include "turngate/telemetry/log.hpp"

#include <boost/asio/dispatch.hpp>

#include <algorithm>
#include <cstdlib>

namespace turngate::state {

RedisLedger::RedisLedger(const RedisLinks& links,
                         const Instance& instance,
                         std::chrono::milliseconds lease)
    : links_(links), instance_(instance)
{
    unsigned loop = 0;
    for (const auto& link : links_.all())
        leases_.push_back(std::make_unique<Leases>(*link, instance_, loop++, lease));
}

unsigned RedisLedger::index_of(const net::Loop& loop) const
{
    for (unsigned i = 0; i < leases_.size(); ++i)
        if (&links_.all()[i]->loop() == &loop)
            return i;
    std::abort(); // whoever asks runs on one of the loops
}

Leases& RedisLedger::of(const net::Loop& loop) const
{
    return *leases_[index_of(loop)];
}

void RedisLedger::start(net::Loop& loop)
{
    of(loop).start();
}

void RedisLedger::end() noexcept
{
    leases_.clear();
}

std::shared_ptr<Slots> RedisLedger::make(std::string name,
                                         unsigned limit,
                                         unsigned max_waiting,
                                         std::shared_ptr<RedisLedger> self)
{
    auto slots = std::make_shared<Slots>(limit, max_waiting, name, std::move(self));
    const std::lock_guard lock(mutex_);
    if (slots_.size() >= sweep_at_) {
        std::erase_if(slots_, [](const auto& each) { return each.second.expired(); });
        sweep_at_ = std::max<std::size_t>(1'000, 2 * slots_.size());
    }
    slots_.emplace(std::move(name), slots);
    return slots;
}

void RedisLedger::on_notice(const std::string& name)
{
    std::vector<std::shared_ptr<Slots>> told;
    {
        const std::lock_guard lock(mutex_);
        const auto [begin, end] = slots_.equal_range(name);
        for (auto at = begin; at != end; ++at)
            if (auto slots = at->second.lock())
                told.push_back(std::move(slots));
    }
    for (const auto& slots : told)
        slots->on_notice();
}

void RedisLedger::tell_all()
{
    for (std::size_t i = 0; i < leases_.size(); ++i)
        links_.all()[i]->loop().post([&leases = *leases_[i]] { leases.tell_all(); });
}

net::Task<std::vector<Permit>> RedisLedger::take(net::Loop& loop, Ask ask)
{
    Leases& leases = of(loop);
    const std::int64_t waited = ask.waited ? ask.waited->count() : -1;
    const auto numbers = co_await leases.take(std::move(ask.name), ask.limit, ask.count, waited);
    std::vector<Permit> permits;
    for (const std::uint64_t number : numbers)
        permits.push_back({index_of(loop), number});
    co_return permits;
}

// On the loop that took it: there its renewals and its return are in order.
void RedisLedger::give_back(const std::string& name, Permit permit)
{
    if (leases_.empty())
        return;
    net::Loop& loop = links_.all()[permit.loop]->loop();
    net::asio::dispatch(loop.context(), [&leases = *leases_[permit.loop], name, permit] {
        leases.give_back(name, permit.number);
    });
}

void RedisLedger::leave(net::Loop& loop, const std::string& name)
{
    of(loop).leave(name);
}

void RedisLedger::spawn(net::Loop& loop, const char* name, net::Task<> task)
{
    links_.of(loop).tasks().spawn(name, std::move(task));
}

void RedisLedger::purge(const std::string& dead)
{
    links_.first().tasks().spawn("purge", purge_all(dead));
}

net::Task<> RedisLedger::purge_all(std::string dead)
{
    RedisLink& link = links_.first();
    Command members{"SMEMBERS", instance_slots_key(instance_.name)};
    const Answer names = co_await link.ask(std::move(members));
    std::int64_t removed = 0;
    for (std::size_t i = 0; names && i < names->items.size(); ++i) {
        const std::string& name = names->items[i].text;
        SlotKeys keys(name);
        Command its_keys{keys.held, keys.queue, keys.seen};
        Command arguments{kSlotsChannel, name, dead, instance_.life};
        const Answer answer =
            co_await link.run(kPurgeSlots, std::move(its_keys), std::move(arguments));
        removed += answer ? answer->integer : 0;
    }
    telemetry::log_debug("slots of a previous life given back", {{"slots", removed}});
}

} // namespace turngate::state
