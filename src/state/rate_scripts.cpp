#include "rate_scripts.hpp"

namespace turngate::state {
namespace {

// The numbers are those of rate_bucket.hpp; all stay below 2^53. A bucket that is full again
// expires: none is as good.
constexpr const char* kBucket = R"(
local unit, most = 60000, 1000000000
local rpm, tpm = math.min(tonumber(ARGV[1]), most), math.min(tonumber(ARGV[2]), most)
local amount = math.max(-most, math.min(tonumber(ARGV[3]), most)) * unit

local function within(level, limit)
    return math.max(-60 * limit * unit, math.min(level, limit * unit))
end

local time = redis.call('TIME')
local now = time[1] * 1000 + math.floor(time[2] / 1000)
local had = redis.call('HMGET', KEYS[1], 'requests', 'tokens', 'at')
local passed = had[3] and math.max(0, math.min(now - had[3], 4000000)) or 0
local requests = within((had[1] or rpm * unit) + passed * rpm, rpm)
local tokens = within((had[2] or tpm * unit) + passed * tpm, tpm)

local function wait_for(needed, level, limit)
    if limit == 0 or level >= needed then return 0 end
    return math.ceil((needed - level) / limit)
end

local function save()
    local full_in = math.max(wait_for(rpm * unit, requests, rpm), wait_for(tpm * unit, tokens, tpm))
    redis.call('HSET', KEYS[1], 'requests', requests, 'tokens', tokens, 'at', now)
    redis.call('PEXPIRE', KEYS[1], full_in + 1000)
end
)";

} // namespace

const Script kTakeRate(std::string(kBucket) + R"(
amount = math.max(0, amount)
local wait = math.max(wait_for(unit, requests, rpm),
                      wait_for(math.min(amount, tpm * unit), tokens, tpm))
if wait == 0 then
    requests = within(requests - unit, rpm)
    tokens = within(tokens - amount, tpm)
    save()
end
return {wait, requests, tokens}
)");

const Script kSettleRate(std::string(kBucket) + R"(
tokens = within(tokens - amount, tpm)
save()
return 1
)");

} // namespace turngate::state
