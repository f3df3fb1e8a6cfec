#pragma once

#include "turngate/state/state.hpp"
#include "turngate/telemetry/log.hpp"

#include "fakes/redis_server.hpp"
#include "fakes/run.hpp"

#include <gtest/gtest.h>
#include <signal.h>

#include <functional>
#include <map>

namespace turngate::state::test {

// Which state a contract is asked of.
enum class Backend { memory, redis, redis_with_password, redis_cluster, redis_over_tcp };

inline std::string name_of(Backend backend)
{
    switch (backend) {
    case Backend::memory:
        return "memory";
    case Backend::redis:
        return "redis";
    case Backend::redis_with_password:
        return "redis_with_password";
    case Backend::redis_cluster:
        return "redis_cluster";
    case Backend::redis_over_tcp:
        return "redis_over_tcp";
    }
    return "";
}

inline const auto kEveryBackend = testing::Values(Backend::memory,
                                                  Backend::redis,
                                                  Backend::redis_with_password,
                                                  Backend::redis_cluster,
                                                  Backend::redis_over_tcp);

// One server of a kind for all tests; empty for each.
inline fakes::RedisServer& server_of(Backend backend)
{
    using Kind = fakes::RedisServer::Kind;
    static std::map<Backend, std::unique_ptr<fakes::RedisServer>> servers;
    auto& server = servers[backend];
    if (!server) {
        const Kind kind = backend == Backend::redis_with_password ? Kind::password
                          : backend == Backend::redis_cluster     ? Kind::cluster
                          : backend == Backend::redis_over_tcp    ? Kind::tcp
                                                                  : Kind::plain;
        server = std::make_unique<fakes::RedisServer>(kind);
    }
    server->clear();
    return *server;
}

inline void expect_comings_and_goings()
{
    ::signal(SIGPIPE, SIG_IGN); // as main does; hiredis writes without MSG_NOSIGNAL
    config::Log quiet;
    quiet.level = config::LogLevel::error; // Redis comes and goes here
    telemetry::start_log(quiet);
}

// fakes::until for what takes longer than a moment.
inline void until_within(net::Loop& loop,
                         std::chrono::seconds time,
                         const std::function<bool()>& is_so)
{
    const auto give_up = core::Clock::now() + time;
    while (!is_so() && core::Clock::now() < give_up)
        loop.context().run_one_for(std::chrono::milliseconds(10));
    ASSERT_TRUE(is_so());
}

// A gateway's state on the test's loop. Several may share one loop: they know nothing of each other
// but through Redis.
class Gateway
{
public:
    Gateway(net::Loop& loop, std::unique_ptr<State> its_state)
        : state(std::move(its_state)), loop_(loop)
    {
        expect_comings_and_goings();
        state->start(loop_);
    }
    Gateway(net::Loop& loop, RedisOptions options)
        : Gateway(loop, make_redis_state(std::move(options), {&loop}))
    {
    }
    ~Gateway() { finish(); }

    // As SIGTERM would.
    void finish()
    {
        if (state)
            fakes::run(loop_, state->finish(loop_));
        state.reset();
    }

    bool is_up() const { return state->health().loops_up == state->health().loops; }
    Gateway& until_up()
    {
        fakes::until(loop_, [&] { return is_up(); });
        return *this;
    }
    Gateway& until_down()
    {
        fakes::until(loop_, [&] { return state->health().loops_up == 0; });
        return *this;
    }

    std::unique_ptr<State> state;

private:
    net::Loop& loop_;
};

inline Gateway gateway_of(net::Loop& loop, Backend backend)
{
    if (backend == Backend::memory)
        return Gateway(loop, make_memory_state());
    return Gateway(loop, {.redis = server_of(backend).config(), .instance = "one"});
}

} // namespace turngate::state::test
