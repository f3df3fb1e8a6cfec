#pragma once

#include "turngate/net/event.hpp"

namespace turngate::net {

// Owns running tasks by count: whoever spawned them waits here before what they refer to goes away.
// An exception that leaves a task is a bug: it is logged with the task's name, counted, and told to
// `on_exception`; it never ends the process.
class TaskGroup
{
public:
    explicit TaskGroup(Loop& loop) : loop_(loop) {}
    ~TaskGroup(); // aborts if a task is still running: its references would dangle
    TaskGroup(const TaskGroup&) = delete;
    TaskGroup& operator=(const TaskGroup&) = delete;

    // `name` is a literal. Must be called on the loop's thread.
    void spawn(const char* name, Task<> task);

    std::size_t running() const noexcept { return running_; }

    // Until no task runs. Tasks must have been told to end.
    Task<> join();

    // Exceptions that left tasks, process-wide.
    static std::uint64_t exceptions() noexcept;

private:
    Loop& loop_;
    std::size_t running_ = 0;
    Event* joined_ = nullptr;
};

} // namespace turngate::net
