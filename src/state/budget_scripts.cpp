#include "budget_scripts.hpp"

namespace turngate::state {
namespace {

// A claim is "amount end", a bill that was reported "- end": what is told late of it, or by another
// connection, counts no more. `held` is the sum of all claims, `holds` that of the holds among
// them, and before `look` none of them ends; so they are counted again only then, and when the sum
// is too large for whole numbers. `waits` is "asker amount end" of Claims::Waiting.
//
// It outlives its last claim by a day, since gateways whose word is older must still find the newer
// one here.
constexpr const char* kBudget = R"(
local time = redis.call('TIME')
local now = time[1] * 1000 + math.floor(time[2] / 1000)
local key, most = KEYS[1], 9007199254740992
local had = redis.call('HMGET', key, 'revision', 'spent', 'held', 'look', 'holds')
local revision, spent = had[1], had[2] or '0'
local held, look, holds = tonumber(had[3] or 0), tonumber(had[4] or most), tonumber(had[5] or 0)

local function claim_of(text)
    local amount, ends = string.match(text or '', '^(%S+) (%d+)$')
    return tonumber(amount), tonumber(ends)
end

local function add(name, amount)
    held = held + amount
    if string.sub(name, 1, 5) == 'hold:' then holds = holds + amount end
end

local function count()
    held, look, holds = 0, most, 0
    local all = redis.call('HGETALL', key)
    for i = 1, #all, 2 do
        local amount, ends = claim_of(all[i + 1])
        if ends and ends <= now then
            redis.call('HDEL', key, all[i])
        elseif amount then
            add(all[i], amount)
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
    add(name, amount - (before or 0))
    ends = now + life
    look = math.min(look, ends)
    redis.call('HSET', key, name, amount .. ' ' .. string.format('%.0f', ends))
end

local function remove(name)
    local amount = claim_of(redis.call('HGET', key, name))
    add(name, -(amount or 0))
    if string.sub(name, 1, 4) == 'uid:' then
        redis.call('HSET', key, name, '- ' .. string.format('%.0f', now + 60000))
    else
        redis.call('HDEL', key, name)
    end
end

local function save()
    if revision then redis.call('HSET', key, 'revision', revision, 'spent', spent) end
    redis.call('HSET', key, 'held', string.format('%.0f', held),
                            'look', string.format('%.0f', look),
                            'holds', string.format('%.0f', holds))
    redis.call('PEXPIRE', key, 86460000)
end

if now >= look or math.abs(held) >= most or (had[3] and not had[5]) then count() end
)";

} // namespace

const Script kHoldBudget(std::string(kBudget) + R"(
hear(ARGV[1], ARGV[2])
local limit, amount, name, asker = tonumber(ARGV[3]), tonumber(ARGV[4]), ARGV[5], ARGV[7]
local text = redis.call('HGET', key, 'waits') or ''
local waiter, wanted, ends = string.match(text, '^(%S+) (%S+) (%d+)$')
local is_other_first = ends and tonumber(ends) > now and waiter ~= asker
local others = holds - (claim_of(redis.call('HGET', key, name)) or 0)
local left = limit - spent - (held - holds)
local kept = is_other_first and math.max(0, math.min(tonumber(wanted), left)) or 0

local function decide()
    if others + kept + amount <= left then return ARGV[4] end
    if left <= 0 then return 'spent' end
    if others > 0 or kept > 0 then return 'busy' end
    return string.format('%.0f', left)
end

local verdict = decide()
if verdict == 'busy' and not is_other_first and asker ~= '' then
    redis.call('HSET', key, 'waits', asker .. ' ' .. ARGV[4] .. ' ' .. string.format('%.0f', now + ARGV[8]))
elseif verdict ~= 'busy' and verdict ~= 'spent' then
    if ends and not is_other_first then redis.call('HDEL', key, 'waits') end
    put(name, verdict, ARGV[6])
end
save()
return verdict
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
