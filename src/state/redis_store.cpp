#include "redis_store.hpp"

#include "bindings.hpp"
#include "redis_keys.hpp"

#include <boost/asio/as_tuple.hpp>
#include <boost/asio/this_coro.hpp>

namespace turngate::state {
namespace {

// A gateway tells its client of a response before it tells Redis.
constexpr auto kOnItsWay = std::chrono::milliseconds(20);

net::Task<> pause()
{
    const net::Executor executor = co_await net::asio::this_coro::executor;
    net::Timer timer(executor, kOnItsWay);
    co_await timer.async_wait(net::asio::as_tuple(net::use_task));
}

bool is_text(const Answer& answer)
{
    return answer && answer->kind == Reply::Kind::text;
}

} // namespace

RedisStore::RedisStore(const RedisLinks& links, std::string life, MemoryStoreLimits limits)
    : links_(links), life_(std::move(life)), responses_(kResponseTtl, limits.bytes / 2),
      lanes_(kLaneTtl, limits.bytes / 2)
{
}

net::Task<std::optional<Binding>> RedisStore::find_response(std::string_view tenant,
                                                            std::string_view response_id)
{
    std::string here = local_key(tenant, response_id);
    auto known = responses_.find(here);
    if (known)
        co_return known;
    std::string key = response_key(tenant, response_id);
    Answer answer = co_await get(key);
    if (answer && !is_text(answer)) { // another gateway may be about to say it
        co_await pause();
        answer = co_await get(std::move(key));
    }
    if (!is_text(answer))
        co_return std::nullopt;
    known = read_binding(answer->text, life_);
    if (known)
        responses_.put(std::move(here), *known);
    co_return known;
}

net::Task<> RedisStore::bind_response(std::string_view tenant,
                                      std::string_view response_id,
                                      Binding binding)
{
    std::string value = store(binding, life_);
    responses_.put(local_key(tenant, response_id), std::move(binding));
    std::string key = response_key(tenant, response_id);
    co_await put(std::move(key), std::move(value), kResponseTtl);
}

net::Task<> RedisStore::forget_response(std::string_view tenant, std::string_view response_id)
{
    responses_.erase(local_key(tenant, response_id));
    Command command{"DEL", response_key(tenant, response_id)};
    co_await post(std::move(command));
}

net::Task<std::optional<LaneBinding>> RedisStore::find_lane(std::string_view tenant,
                                                            std::string_view session)
{
    const std::string here = local_key(tenant, session);
    std::string key = lane_key(tenant, session);
    const Answer answer = co_await get(std::move(key));
    const auto local = lanes_.find(here);
    const auto shared = is_text(answer) ? read_lane(answer->text) : std::nullopt;
    if (local && (!shared || shared->at <= local->at))
        co_return local->binding;
    if (!shared)
        co_return std::nullopt;
    co_return shared->binding;
}

net::Task<> RedisStore::bind_lane(std::string_view tenant,
                                  std::string_view session,
                                  LaneBinding binding)
{
    StampedLane lane{std::move(binding), core::wall_now()};
    std::string value = store(lane);
    lanes_.put(local_key(tenant, session), std::move(lane));
    std::string key = lane_key(tenant, session);
    co_await put(std::move(key), std::move(value), kLaneTtl);
}

net::Task<Answer> RedisStore::get(std::string key)
{
    const net::Executor executor = co_await net::asio::this_coro::executor;
    RedisLink* link = links_.of(executor);
    if (!link)
        co_return std::nullopt;
    Command command{"GET", std::move(key)};
    co_return co_await link->ask(std::move(command));
}

net::Task<> RedisStore::put(std::string key, std::string value, std::chrono::seconds ttl)
{
    Command command{"SET", std::move(key), std::move(value), "EX", std::to_string(ttl.count())};
    co_await post(std::move(command));
}

net::Task<> RedisStore::post(Command command)
{
    const net::Executor executor = co_await net::asio::this_coro::executor;
    if (RedisLink* link = links_.of(executor))
        link->post(command);
}

} // namespace turngate::state
