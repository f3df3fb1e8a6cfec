#include "redis_rates.hpp"

#include "rate_scripts.hpp"
#include "redis_keys.hpp"

#include <boost/asio/this_coro.hpp>

namespace turngate::state {
namespace {

Command arguments_of(RateLimits limits, std::int64_t tokens)
{
    return {std::to_string(limits.rpm), std::to_string(limits.tpm), std::to_string(tokens)};
}

} // namespace

net::Task<RateVerdict> RedisRates::take(std::string_view key,
                                        RateLimits limits,
                                        std::int64_t tokens)
{
    if (limits.rpm == 0 && limits.tpm == 0)
        co_return RateVerdict{};
    const net::Executor executor = co_await net::asio::this_coro::executor;
    const RateVerdict local = local_.take_now(key, limits, tokens);
    RedisLink* link = links_.of(executor);
    if (!link)
        co_return local;
    Command keys{rate_key(key)};
    Command arguments = arguments_of(limits, tokens);
    const Answer answer = co_await link->run(kTakeRate, std::move(keys), std::move(arguments));
    if (!answer || answer->items.size() != 3)
        co_return local;
    const auto& told = answer->items;
    const RateVerdict shared =
        verdict_of(limits, told[0].integer, told[1].integer, told[2].integer);
    if (local.fits && !shared.fits)
        local_.settle_now(key, limits, -tokens); // the turn is not, so it has used nothing
    co_return shared;
}

net::Task<> RedisRates::settle(std::string_view key, RateLimits limits, std::int64_t tokens)
{
    if (limits.tpm == 0)
        co_return;
    const net::Executor executor = co_await net::asio::this_coro::executor;
    local_.settle_now(key, limits, tokens);
    if (RedisLink* link = links_.of(executor))
        link->post(kSettleRate, {rate_key(key)}, arguments_of(limits, tokens));
}

} // namespace turngate::state
