#pragma once

#include "redis_connection.hpp"

#include "turngate/net/task_group.hpp"

#include <functional>

namespace turngate::state {

// Hears which slots have one free: a connection of its own, since one that listens cannot ask. What
// is missed while it is away is found by asking again, a second later.
class RedisNotices
{
public:
    RedisNotices(net::Loop& loop,
                 const config::Redis& config,
                 std::function<void(const std::string&)> on_notice);

    void start();
    net::Task<> finish();

private:
    net::Task<> listen();

    net::Loop& loop_;
    RedisCounters counters_;
    RedisConnection connection_;
    const std::function<void(const std::string&)> on_notice_;
    net::Stop stop_;
    net::TaskGroup tasks_;
};

} // namespace turngate::state
