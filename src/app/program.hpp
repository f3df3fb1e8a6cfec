#pragma once

#include "turngate/core/clock.hpp"

#include <sys/types.h>

#include <optional>
#include <string>
#include <vector>

namespace turngate::app {

// A child process, without a shell, whose output is read as it comes. Nothing here waits. Its
// destructor ends it, and what it has started.
class Program
{
public:
    struct Outcome
    {
        std::string out;
        std::string err;
        std::string fault; // why the output does not count; empty: it does
    };

    // Throws std::runtime_error when it cannot be started. `arguments`: the program first, which is
    // looked for in PATH.
    Program(const std::vector<std::string>& arguments, core::Deadline deadline);
    ~Program();
    Program(const Program&) = delete;
    Program& operator=(const Program&) = delete;

    // Reads what there is. Nothing: it still runs.
    std::optional<Outcome> poll(core::Deadline now);

private:
    void end() noexcept;

    pid_t process_ = -1;
    int out_ = -1;
    int err_ = -1;
    core::Deadline deadline_;
    Outcome outcome_;
};

} // namespace turngate::app
