#include "leases.hpp"

#include "slot_scripts.hpp"

#include <utility>

namespace turngate::state {
namespace {

constexpr std::size_t kMostUntold = 10'000; // the rest expire by themselves
constexpr std::size_t kMembersAtOnce = 500; // Redis does nothing else meanwhile
constexpr std::size_t kAtOnce = 200;        // names with each tick: 20,000 in a third of a lease
constexpr const char* kKnownSeconds = "60"; // longer than a lease: then there is nothing to purge

} // namespace

Leases::Leases(RedisLink& link,
               const Instance& instance,
               unsigned loop,
               std::chrono::milliseconds lease)
    : link_(link), instance_(instance), prefix_(instance.life + ":" + std::to_string(loop) + ":"),
      lease_(lease)
{
    link_.on_up([this] { tell_all(); });
}

void Leases::start()
{
    link_.loop().tick(*this);
}

std::string Leases::member(std::uint64_t number) const
{
    return prefix_ + std::to_string(number);
}

Command Leases::keys(const std::string& name) const
{
    SlotKeys keys(name);
    return {std::move(keys.held), std::move(keys.queue), std::move(keys.seen)};
}

net::Task<std::vector<std::uint64_t>> Leases::take(std::string name,
                                                   unsigned limit,
                                                   unsigned count,
                                                   std::int64_t waited_ms)
{
    know(name);
    const std::uint64_t first = last_ + 1;
    last_ += count;
    Command arguments{std::to_string(limit),
                      std::to_string(count),
                      std::to_string(lease_.count()),
                      instance_.life,
                      std::to_string(waited_ms),
                      prefix_,
                      std::to_string(first)};
    Command its_keys = keys(name);
    const Answer answer = co_await link_.run(kTakeSlots, std::move(its_keys), std::move(arguments));
    // Without an answer some of these may be there: we hold them all, so they are renewed or given
    // back like the others.
    const auto granted = answer ? static_cast<std::uint64_t>(answer->integer) : count;
    std::vector<std::uint64_t> numbers;
    for (std::uint64_t number = first; number < first + granted; ++number) {
        held_[name].insert(number);
        numbers.push_back(number);
    }
    co_return numbers;
}

// So that the next life knows where to look for what this one leaves behind.
void Leases::know(const std::string& name)
{
    if (!known_.insert(name).second)
        return;
    const std::string key = instance_slots_key(instance_.name);
    link_.post({"SADD", key, name});
    link_.post({"EXPIRE", key, kKnownSeconds});
}

void Leases::give_back(const std::string& name, std::uint64_t number)
{
    const auto found = held_.find(name);
    if (found == held_.end() || found->second.erase(number) == 0)
        return;
    if (found->second.empty())
        held_.erase(found);
    release({name, number});
}

void Leases::release(Release release)
{
    Command arguments{kSlotsChannel, release.name, member(release.number)};
    Command its_keys = keys(release.name);
    const auto on_answer = [this, release = std::move(release)](const Answer& answer) {
        if (!answer && untold_.size() < kMostUntold)
            untold_.push_back(release);
    };
    link_.post(kGiveBackSlots, std::move(its_keys), std::move(arguments), on_answer);
}

void Leases::leave(const std::string& name)
{
    link_.post(kLeaveSlots, keys(name), {kSlotsChannel, name, instance_.life});
}

void Leases::on_tick(core::Deadline now)
{
    if (!link_.is_up())
        return;
    if (now >= renew_at_)
        begin_renewal(now);
    tell_some();
}

void Leases::begin_renewal(core::Deadline now)
{
    renew_at_ = now + lease_ / 3;
    due_.clear();
    for (const auto& [name, numbers] : held_)
        due_.push_back(name);
    link_.post({"EXPIRE", instance_slots_key(instance_.name), kKnownSeconds});
}

// Not all at once: what Redis cannot do within its time would look as if it were away.
void Leases::tell_some()
{
    for (std::size_t i = 0; i < kAtOnce && !untold_.empty(); ++i) {
        Release each = std::move(untold_.front());
        untold_.pop_front();
        release(std::move(each));
    }
    for (std::size_t i = 0; i < kAtOnce && !due_.empty(); ++i) {
        renew(due_.front());
        due_.pop_front();
    }
}

void Leases::renew(const std::string& name)
{
    const auto found = held_.find(name);
    if (found == held_.end())
        return;
    Command arguments{std::to_string(lease_.count())};
    for (const std::uint64_t number : found->second) {
        arguments.push_back(member(number));
        if (arguments.size() > kMembersAtOnce) {
            link_.post(kRenewSlots, keys(name), arguments);
            arguments.resize(1);
        }
    }
    if (arguments.size() > 1)
        link_.post(kRenewSlots, keys(name), std::move(arguments));
}

void Leases::tell_names()
{
    const Command begin{"SADD", instance_slots_key(instance_.name)};
    Command command = begin;
    for (const std::string& name : known_) {
        command.push_back(name);
        if (command.size() > kMembersAtOnce) {
            link_.post(command);
            command = begin;
        }
    }
    if (command.size() > begin.size())
        link_.post(command);
}

void Leases::tell_all()
{
    tell_names();
    begin_renewal(core::Clock::now());
    tell_some();
}

} // namespace turngate::state
