#pragma once

#include "breaker.hpp"
#include "redis_connection.hpp"
#include "redis_script.hpp"

#include "turngate/net/task_group.hpp"

#include <atomic>
#include <functional>

namespace turngate::state {

// A loop's way to Redis: keeps a connection, finds out when it is not worth asking, and comes back
// by itself. Everything but is_up() and counters() is for the loop's own thread.
class RedisLink
{
public:
    using OnAnswer = RedisConnection::OnAnswer;

    RedisLink(net::Loop& loop, const config::Redis& config);

    void start();
    // What was posted is sent, the connection closed, and no task runs any more.
    net::Task<> finish();

    bool is_up() const noexcept { return is_up_.load(std::memory_order_relaxed); }
    // Called whenever Redis is there (again), before anything else is sent. Before start().
    void on_up(std::function<void()> tell) { on_up_.push_back(std::move(tell)); }

    // An error of Redis is no answer. Bounded by state.redis.timeout; run_hold, for money, by
    // hold_timeout.
    net::Task<Answer> ask(Command command);
    net::Task<Answer> run(const Script& script, Command keys, Command arguments);
    net::Task<Answer> run_hold(const Script& script, Command keys, Command arguments);

    // Not waited for; what one handler posts is one pipeline. on_answer may be empty. A script
    // lives as long as the process.
    void post(const Command& command, OnAnswer on_answer = {});
    void post(const Script& script, Command keys, Command arguments, OnAnswer on_answer = {});

    net::Loop& loop() noexcept { return loop_; }
    net::TaskGroup& tasks() noexcept { return tasks_; }
    const RedisCounters& counters() const noexcept { return counters_; }

private:
    net::Task<> keep_up();
    net::Task<> stay_up();
    net::Task<> until_lost();
    net::Task<Answer> run_for(std::chrono::milliseconds patience,
                              const Script& script,
                              Command keys,
                              Command arguments);
    Answer judge(Answer answer);
    Answer skip();
    void go_up();
    void say_there() const;
    void go_down(std::string_view why);

    net::Loop& loop_;
    const config::Redis& config_;
    RedisCounters counters_;
    RedisConnection connection_;
    Breaker breaker_;
    net::Stop stop_;
    std::vector<std::function<void()>> on_up_;
    std::atomic<bool> is_up_{false};
    bool is_refusal_logged_ = false; // once for each time up
    bool was_refused_ = false;       // that is why it went down
    bool is_doubted_ = false;        // it came back for a moment only to refuse again
    std::string logged_cause_;       // of going down; empty: none since it was steady
    net::TaskGroup tasks_;
};

} // namespace turngate::state
