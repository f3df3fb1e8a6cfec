#include "budget_scripts.hpp"

namespace turngate::state {
namespace {

// A claim is "amount end", a bill that was reported "- end": what is told late of it, or by another
// connection, counts no more. `held` is the sum of all claims, and before `look` none of them ends;
// so they are counted again only then, and when the sum is too large for whole numbers.
//
// It outlives its last claim by a day, since gateways whose word is older must still find the newer
// one here.
constexpr const char* kBudget = R"(
local time = redis.call('TIME')
local now = time[1] * 1000 + math.floor(time[2] / 1000)
local key, most = KEYS[1], 9007199254740992
local had = redis.call('HMGET', key, 'revision', 'spent', 'held', 'look')
local revision, spent = had[1], had[2] or '0'
local held, look = tonumber(had[3] or 0), tonumber(had[4] or most)

local function claim_of(text)
    local amount, ends = string.match(text or '', '^(%S+) (%d+)$')
    return tonumber(amount), tonumber(ends)
end

local function count()
    held, look = 0, most
    local all = redis.call('HGETALL', key)
    for i = 1, #all, 2 do
        local amount, ends = claim_of(all[i + 1])
        if ends and ends <= now then
            redis.call('HDEL', key, all[i])
        elseif amount then
            held = held + amount
            look = math.min(look, ends)
        end
    end
end

local function hear(its_revision, its_spent)
    if its_revision == '' then return end
    if not revision or tonumber(its_revision) >= tonumber(revision) then
        revision, spent = its_revision, its_spent
    end
end

local function put(name, amount, life)
    local before, ends = claim_of(redis.call('HGET', key, name))
    if ends and not before then return end
    held = held - (before or 0) + amount
    ends = now + life
    look = math.min(look, ends)
    redis.call('HSET', key, name, amount .. ' ' .. string.format('%.0f', ends))
end

local function remove(name)
    local amount = claim_of(redis.call('HGET', key, name))
    held = held - (amount or 0)
    if string.sub(name, 1, 4) == 'uid:' then
        redis.call('HSET', key, name, '- ' .. string.format('%.0f', now + 60000))
    else
        redis.call('HDEL', key, name)
    end
end

local function save()
    if revision then redis.call('HSET', key, 'revision', revision, 'spent', spent) end
    redis.call('HSET', key, 'held', string.format('%.0f', held),
                            'look', string.format('%.0f', look))
    redis.call('PEXPIRE', key, 86460000)
end

if now >= look or math.abs(held) >= most then count() end
)";

} // namespace

const Script kHoldBudget(std::string(kBudget) + R"(
hear(ARGV[1], ARGV[2])
local before = claim_of(redis.call('HGET', key, ARGV[5]))
local fits = spent + held - (before or 0) + ARGV[4] <= tonumber(ARGV[3])
if fits then put(ARGV[5], ARGV[4], ARGV[6]) end
save()
return fits and 1 or 0
)");

const Script kTellBudget(std::string(kBudget) + R"(
hear(ARGV[1], ARGV[2])
local first = 4 + ARGV[3]
for i = 4, first - 1 do remove(ARGV[i]) end
for i = first, #ARGV, 3 do put(ARGV[i], ARGV[i + 1], ARGV[i + 2]) end
save()
return 1
)");

const Script kReadBudget(std::string(kBudget) + R"(
return string.format('%.0f', held)
)");

} // namespace turngate::state
