#include "redis_name.hpp"

#include "turngate/telemetry/log.hpp"

#include <signal.h>
#include <unistd.h>

#include <array>
#include <cerrno>
#include <charconv>
#include <utility>

namespace turngate::state {
namespace {

using namespace std::chrono_literals;

constexpr auto kEvery = 1s;
constexpr const char* kKeep = "60000";  // longer than a lease: then there is nothing to purge
constexpr const char* kLeast = "55000"; // of that is left while its holder lives
constexpr unsigned kMostRefusals = 8;   // more than a dead holder can bring about

// holder, kKeep, kLeast, a holder that is known to be dead. Answer: taken or not, and who had it.
const Script kClaimName(R"(
local holder = redis.call('GET', KEYS[1])
local is_other = holder and holder ~= ARGV[1] and holder ~= ARGV[4]
if is_other and redis.call('PTTL', KEYS[1]) > tonumber(ARGV[3]) then return {0, holder} end
redis.call('SET', KEYS[1], ARGV[1], 'PX', ARGV[2])
return {1, holder or ''}
)");

std::string host_name()
{
    std::array<char, 256> name{};
    ::gethostname(name.data(), name.size() - 1);
    return name.data();
}

std::string holder_of(const std::string& life)
{
    return life + " " + host_name() + " " + std::to_string(::getpid());
}

// Of this machine, and its process is over: ours is, too, for we are another life of it.
bool is_dead(std::string_view holder)
{
    const std::size_t last = holder.rfind(' ');
    const std::size_t first = holder.find(' ');
    if (first == holder.npos || holder.substr(first + 1, last - first - 1) != host_name())
        return false;
    pid_t process = 0;
    std::from_chars(holder.data() + last + 1, holder.data() + holder.size(), process);
    return process == ::getpid() || (process > 0 && ::kill(process, 0) != 0 && errno == ESRCH);
}

} // namespace

RedisName::RedisName(RedisLink& link,
                     const Instance& instance,
                     std::function<void(const std::string&)> on_held)
    : link_(link), instance_(instance), on_held_(std::move(on_held)),
      holder_(holder_of(instance.life)), name_(instance.name)
{
    link_.on_up([this] {
        claim_at_ = core::Clock::now() + kEvery;
        claim({});
    });
}

void RedisName::start()
{
    link_.loop().tick(*this);
}

void RedisName::on_tick(core::Deadline now)
{
    if (now < claim_at_ || !link_.is_up())
        return;
    claim_at_ = now + kEvery;
    claim({});
}

void RedisName::claim(const std::string& dead_holder)
{
    link_.post(kClaimName,
               {instance_life_key(name_)},
               {holder_, kKeep, kLeast, dead_holder},
               [this, dead_holder](const Answer& answer) { on_answer(answer, dead_holder); });
}

void RedisName::on_answer(const Answer& answer, const std::string& dead_holder)
{
    if (!answer || answer->items.size() != 2)
        return;
    const std::string& holder = answer->items[1].text;
    if (answer->items[0].integer == 0) {
        if (dead_holder.empty() && !is_held_ && is_dead(holder))
            return claim(holder);
        return on_other(holder);
    }
    refusals_ = 0;
    if (!std::exchange(is_held_, true))
        on_held_(holder.empty() ? instance_.lives : holder.substr(0, holder.find(' ')));
}

// Who has the name and has not died meanwhile is another gateway.
void RedisName::on_other(const std::string& holder)
{
    if (!is_held_ && ++refusals_ < kMostRefusals)
        return;
    const std::string taken = std::exchange(
        name_, instance_.name + "-" + instance_.life.substr(instance_.life.size() - 8));
    is_held_ = false;
    refusals_ = 0;
    telemetry::log_error("another gateway has this one's name; give each its own state.instance",
                         {{"instance", taken}, {"holder", holder}, {"now", name_}});
    claim({});
}

} // namespace turngate::state
