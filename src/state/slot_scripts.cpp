#include "slot_scripts.hpp"

namespace turngate::state {
namespace {

constexpr const char* kNow = R"(
local time = redis.call('TIME')
local now = time[1] * 1000 + math.floor(time[2] / 1000)
)";

// Those who wait elsewhere ask again; when nobody waits, nobody is told.
constexpr const char* kTell = R"(
local function tell(channel, name)
    if redis.call('EXISTS', KEYS[2]) == 1 then redis.call('PUBLISH', channel, name) end
end
)";

} // namespace

const Script kTakeSlots(std::string(kNow) + R"(
local limit, count, lease = tonumber(ARGV[1]), tonumber(ARGV[2]), tonumber(ARGV[3])
local gateway, waited, prefix, first = ARGV[4], tonumber(ARGV[5]), ARGV[6], tonumber(ARGV[7])

redis.call('ZREMRANGEBYSCORE', KEYS[1], '-inf', now)
local ahead = 0
if redis.call('EXISTS', KEYS[2]) == 1 then
    for _, gone in ipairs(redis.call('ZRANGEBYSCORE', KEYS[3], '-inf', now - 3000)) do
        redis.call('ZREM', KEYS[2], gone)
        redis.call('ZREM', KEYS[3], gone)
    end
    if waited >= 0 then redis.call('ZREM', KEYS[2], gateway) end
    local since = string.format('(%.0f', now - math.max(waited, 0))
    ahead = redis.call('ZCOUNT', KEYS[2], '-inf', since)
end

local free = limit - redis.call('ZCARD', KEYS[1]) - ahead
local granted = math.max(0, math.min(count, free))
for i = 0, granted - 1 do
    redis.call('ZADD', KEYS[1], now + lease, prefix .. string.format('%.0f', first + i))
end
if granted > 0 then redis.call('PEXPIRE', KEYS[1], lease * 2) end

if waited >= 0 and granted < count then
    redis.call('ZADD', KEYS[2], now - waited, gateway)
    redis.call('ZADD', KEYS[3], now, gateway)
    redis.call('PEXPIRE', KEYS[2], 10000)
    redis.call('PEXPIRE', KEYS[3], 10000)
end
return granted
)");

const Script kGiveBackSlots(std::string(kTell) + R"(
for i = 3, #ARGV do redis.call('ZREM', KEYS[1], ARGV[i]) end
tell(ARGV[1], ARGV[2])
return 1
)");

const Script kLeaveSlots(std::string(kTell) + R"(
redis.call('ZREM', KEYS[2], ARGV[3])
redis.call('ZREM', KEYS[3], ARGV[3])
tell(ARGV[1], ARGV[2])
return 1
)");

const Script kRenewSlots(std::string(kNow) + R"(
for i = 2, #ARGV do redis.call('ZADD', KEYS[1], now + ARGV[1], ARGV[i]) end
redis.call('PEXPIRE', KEYS[1], ARGV[1] * 2)
return 1
)");

const Script kPurgeSlots(std::string(kTell) + R"(
local removed = 0
for _, member in ipairs(redis.call('ZRANGE', KEYS[1], 0, -1)) do
    local is_dead = string.sub(member, 1, #ARGV[3]) == ARGV[3]
    if is_dead and string.sub(member, 1, #ARGV[4]) ~= ARGV[4] then
        removed = removed + redis.call('ZREM', KEYS[1], member)
    end
end
for _, queue in ipairs({KEYS[2], KEYS[3]}) do
    for _, gateway in ipairs(redis.call('ZRANGE', queue, 0, -1)) do
        local is_dead = string.sub(gateway, 1, #ARGV[3]) == ARGV[3]
        if is_dead and gateway ~= ARGV[4] then redis.call('ZREM', queue, gateway) end
    end
end
tell(ARGV[1], ARGV[2])
return removed
)");

} // namespace turngate::state
