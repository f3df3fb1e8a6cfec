#include "redis_notices.hpp"

#include "pause.hpp"
#include "redis_keys.hpp"

namespace turngate::state {
namespace {

using core::Clock;

constexpr auto kConnect = std::chrono::seconds(1);

} // namespace

RedisNotices::RedisNotices(net::Loop& loop,
                           const config::Redis& config,
                           std::function<void(const std::string&)> on_notice)
    : loop_(loop), connection_(loop, config, counters_), on_notice_(std::move(on_notice)),
      tasks_(loop)
{
}

void RedisNotices::start()
{
    tasks_.spawn("redis notices", listen());
}

net::Task<> RedisNotices::finish()
{
    stop_.request({core::FaultCode::gateway_draining, {}, "state"});
    co_await tasks_.join();
}

net::Task<> RedisNotices::listen()
{
    Pause pause;
    net::Event wait(loop_);
    while (!stop_.requested()) {
        const bool is_open = co_await connection_.open(Clock::now() + kConnect, stop_);
        if (is_open) {
            connection_.subscribe(kSlotsChannel, [this](const Reply& message) {
                const bool is_message =
                    message.items.size() == 3 && message.items[0].text == "message";
                if (is_message)
                    on_notice_(message.items[2].text);
            });
            co_await connection_.closed().wait_until(core::Deadline::max(), stop_);
            if (connection_.is_open())
                connection_.close("finished");
            pause.reset();
        }
        const auto next = Clock::now() + pause.next();
        co_await wait.wait_until(next, stop_);
    }
}

} // namespace turngate::state
