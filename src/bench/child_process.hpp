#pragma once

#include <filesystem>
#include <string>
#include <vector>

#include <sys/types.h>

namespace turngate::bench {

// A program that we started, pinned to one core; stopped with us, whatever happens.
class ChildProcess
{
public:
    // Output goes to `log`. Throws std::system_error when it cannot be started.
    ChildProcess(const std::vector<std::string>& command,
                 int core,
                 const std::filesystem::path& log);
    ~ChildProcess(); // SIGTERM, and SIGKILL to the whole tree if that does not help
    ChildProcess(const ChildProcess&) = delete;
    ChildProcess& operator=(const ChildProcess&) = delete;

    pid_t pid() const noexcept { return pid_; }
    bool has_ended();

private:
    pid_t pid_ = -1;
    int handle_ = -1; // pidfd
    bool reaped_ = false;
};

// Which cores are ours to use: one for what is measured, one for the load. The same if there is but
// one.
struct Cores
{
    int measured = 0;
    int load = 0;

    bool is_shared() const noexcept { return measured == load; }
};
Cores choose_cores();
void pin_to(int core); // this process, threads to come included

} // namespace turngate::bench
