#include "turngate/net/task_group.hpp"

#include "turngate/telemetry/log.hpp"

#include <boost/asio/co_spawn.hpp>

#include <atomic>
#include <cstdlib>
#include <exception>

namespace turngate::net {
namespace {

std::atomic<std::uint64_t> exceptions_seen{0};

void report(const char* name, const std::exception_ptr& exception)
{
    exceptions_seen.fetch_add(1, std::memory_order_relaxed);
    try {
        std::rethrow_exception(exception);
    } catch (const std::exception& bug) {
        telemetry::log_error("task ended by an exception", {{"task", name}, {"what", bug.what()}});
    } catch (...) {
        telemetry::log_error("task ended by an exception", {{"task", name}});
    }
}

} // namespace

TaskGroup::~TaskGroup()
{
    if (running_ != 0)
        std::abort();
}

void TaskGroup::spawn(const char* name, Task<> task)
{
    ++running_;
    asio::co_spawn(
        loop_.executor(), std::move(task), [this, name](const std::exception_ptr& exception) {
            if (exception)
                report(name, exception);
            if (--running_ == 0 && joined_)
                joined_->set();
        });
}

Task<> TaskGroup::join()
{
    Event joined(loop_);
    joined_ = &joined;
    while (running_ != 0) { // a task may begin between the last one's end and our turn
        joined.reset();
        co_await joined.wait_until(core::Deadline::max());
    }
    joined_ = nullptr;
}

std::uint64_t TaskGroup::exceptions() noexcept
{
    return exceptions_seen.load(std::memory_order_relaxed);
}

} // namespace turngate::net
