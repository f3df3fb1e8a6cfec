#include "interrupt.hpp"

#include <algorithm>
#include <atomic>
#include <csignal>
#include <thread>

namespace turngate::bench {
namespace {

std::atomic<bool> interrupted{false};
static_assert(std::atomic<bool>::is_always_lock_free, "set in a signal handler");

} // namespace

void catch_interrupts()
{
    struct sigaction action{};
    action.sa_handler = [](int) { interrupted.store(true); };
    action.sa_flags = static_cast<int>(SA_RESETHAND | SA_RESTART);
    ::sigaction(SIGINT, &action, nullptr);
    ::sigaction(SIGTERM, &action, nullptr);
}

bool is_interrupted() noexcept
{
    return interrupted.load(std::memory_order_relaxed);
}

void rest(std::chrono::milliseconds time)
{
    constexpr std::chrono::milliseconds kStep(50);
    const auto until = std::chrono::steady_clock::now() + time;
    while (!is_interrupted() && std::chrono::steady_clock::now() < until)
        std::this_thread::sleep_for(
            std::min<std::chrono::nanoseconds>(kStep, until - std::chrono::steady_clock::now()));
}

} // namespace turngate::bench
