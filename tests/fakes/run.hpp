#pragma once

#include "turngate/net/loop.hpp"

#include <boost/asio/co_spawn.hpp>

#include <exception>
#include <functional>
#include <optional>
#include <stdexcept>
#include <utility>

namespace turngate::fakes {

// Lets the loop work in the test's own thread until it is so. What hangs fails the test instead of
// the test run.
inline void until(net::Loop& loop, const std::function<bool()>& is_so)
{
    const auto give_up = core::Clock::now() + std::chrono::seconds(20);
    while (!is_so()) {
        loop.context().run_one_for(std::chrono::milliseconds(50));
        if (core::Clock::now() > give_up)
            throw std::runtime_error("what the test waits for does not happen");
    }
}

// All that is ready now, without waiting.
inline void settle(net::Loop& loop)
{
    loop.context().poll();
}

inline void run(net::Loop& loop, net::Task<> task)
{
    std::exception_ptr bug;
    bool is_done = false;
    net::asio::co_spawn(loop.executor(), std::move(task), [&](const std::exception_ptr& exception) {
        bug = exception;
        is_done = true;
    });
    until(loop, [&] { return is_done; });
    if (bug)
        std::rethrow_exception(bug);
}

template <class T>
net::Task<> keep(net::Task<T> task, std::optional<T>& kept)
{
    T value = co_await std::move(task);
    kept.emplace(std::move(value));
}

// A task's value, with the loop run as long as it takes.
template <class T>
T run(net::Loop& loop, net::Task<T> task)
{
    std::optional<T> kept;
    run(loop, keep(std::move(task), kept));
    return std::move(*kept);
}

inline core::Deadline in(std::chrono::milliseconds time)
{
    return core::Clock::now() + time;
}

// For waits that must not end by their deadline.
inline core::Deadline later()
{
    return in(std::chrono::seconds(60));
}

} // namespace turngate::fakes
