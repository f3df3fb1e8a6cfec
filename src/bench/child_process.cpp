#include "child_process.hpp"

#include "process_stats.hpp"

#include <fcntl.h>
#include <poll.h>
#include <sched.h>
#include <sys/prctl.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cerrno>
#include <csignal>
#include <system_error>

namespace turngate::bench {
namespace {

constexpr int kStopTimeoutMs = 5'000;
constexpr int kNotStarted = 127;

// Between fork and exec: system calls only.
[[noreturn]] void become(char* const* arguments, const cpu_set_t& cores, int output)
{
    ::prctl(PR_SET_PDEATHSIG, SIGTERM);
    ::sched_setaffinity(0, sizeof cores, &cores);
    const int nothing = ::open("/dev/null", O_RDONLY);
    ::dup2(nothing, 0);
    ::dup2(output, 1);
    ::dup2(output, 2);
    ::execvp(arguments[0], arguments);
    ::_exit(kNotStarted);
}

cpu_set_t only(int core)
{
    cpu_set_t set;
    CPU_ZERO(&set);
    CPU_SET(static_cast<std::size_t>(core), &set);
    return set;
}

bool wait_for_end(int pidfd, int milliseconds)
{
    pollfd ended{pidfd, POLLIN, 0};
    return ::poll(&ended, 1, milliseconds) == 1;
}

} // namespace

ChildProcess::ChildProcess(const std::vector<std::string>& command,
                           int core,
                           const std::filesystem::path& log)
{
    std::vector<char*> arguments;
    for (const std::string& word : command)
        arguments.push_back(const_cast<char*>(word.c_str()));
    arguments.push_back(nullptr);
    const int output = ::open(log.c_str(), O_WRONLY | O_CREAT | O_APPEND | O_CLOEXEC, 0600);
    if (output < 0)
        throw std::system_error(errno, std::system_category(), log.string());
    const cpu_set_t cores = only(core);
    pid_ = ::fork();
    if (pid_ == 0)
        become(arguments.data(), cores, output);
    const int fork_error = errno;
    ::close(output);
    if (pid_ < 0)
        throw std::system_error(fork_error, std::system_category(), command.front());
    handle_ = static_cast<int>(::syscall(SYS_pidfd_open, pid_, 0));
}

ChildProcess::~ChildProcess()
{
    if (!has_ended()) {
        const auto tree = process_tree(pid_);
        ::kill(pid_, SIGTERM);
        if (!wait_for_end(handle_, kStopTimeoutMs))
            for (const pid_t pid : tree)
                ::kill(pid, SIGKILL);
        ::waitpid(pid_, nullptr, 0);
    }
    ::close(handle_);
}

bool ChildProcess::has_ended()
{
    if (!reaped_)
        reaped_ = ::waitpid(pid_, nullptr, WNOHANG) == pid_;
    return reaped_;
}

Cores choose_cores()
{
    cpu_set_t allowed;
    CPU_ZERO(&allowed);
    ::sched_getaffinity(0, sizeof allowed, &allowed);
    std::vector<int> cores;
    for (int core = 0; core < CPU_SETSIZE && cores.size() < 2; ++core)
        if (CPU_ISSET(static_cast<std::size_t>(core), &allowed))
            cores.push_back(core);
    if (cores.empty())
        return {};
    return {cores.front(), cores.back()};
}

void pin_to(int core)
{
    const cpu_set_t cores = only(core);
    ::sched_setaffinity(0, sizeof cores, &cores);
}

} // namespace turngate::bench
