#include "program.hpp"

#include <fcntl.h>
#include <signal.h>
#include <spawn.h>
#include <sys/wait.h>
#include <unistd.h>

#include <array>
#include <cerrno>
#include <stdexcept>
#include <system_error>
#include <utility>

extern char** environ;

namespace turngate::app {
namespace {

constexpr std::size_t kMost = 64 << 10; // of each output

void close_if_open(int& descriptor) noexcept
{
    if (const int open = std::exchange(descriptor, -1); open >= 0)
        ::close(open);
}

// Both ends belong to this process alone; ours does not block.
std::array<int, 2> make_pipe()
{
    std::array<int, 2> ends;
    if (::pipe2(ends.data(), O_CLOEXEC) != 0)
        throw std::runtime_error("pipe: " + std::generic_category().message(errno));
    ::fcntl(ends[0], F_SETFL, O_NONBLOCK);
    return ends;
}

// Adds what is there. False: there will be no more.
bool read_some(int descriptor, std::string& text)
{
    std::array<char, 4096> piece;
    while (true) {
        const ssize_t n = ::read(descriptor, piece.data(), piece.size());
        if (n < 0)
            return errno == EAGAIN || errno == EINTR;
        if (n == 0)
            return false;
        text.append(piece.data(), static_cast<std::size_t>(n));
        if (text.size() > kMost)
            return true;
    }
}

// Nothing of ours is inherited but the environment: no descriptor, and no signal that is ignored.
int spawn(pid_t& process, const std::vector<std::string>& arguments, int out, int err)
{
    std::vector<char*> words;
    for (const std::string& word : arguments)
        words.push_back(const_cast<char*>(word.c_str()));
    words.push_back(nullptr);

    posix_spawn_file_actions_t files;
    ::posix_spawn_file_actions_init(&files);
    ::posix_spawn_file_actions_addopen(&files, STDIN_FILENO, "/dev/null", O_RDONLY, 0);
    ::posix_spawn_file_actions_adddup2(&files, out, STDOUT_FILENO);
    ::posix_spawn_file_actions_adddup2(&files, err, STDERR_FILENO);
    ::posix_spawn_file_actions_addclosefrom_np(&files, STDERR_FILENO + 1);

    posix_spawnattr_t how;
    ::posix_spawnattr_init(&how);
    sigset_t none, all;
    sigemptyset(&none);
    sigfillset(&all);
    ::posix_spawnattr_setsigmask(&how, &none);
    ::posix_spawnattr_setsigdefault(&how, &all);
    ::posix_spawnattr_setpgroup(&how, 0); // of its own, to be ended as a whole
    ::posix_spawnattr_setflags(
        &how, POSIX_SPAWN_SETPGROUP | POSIX_SPAWN_SETSIGMASK | POSIX_SPAWN_SETSIGDEF);
    const int error = ::posix_spawnp(&process, words.front(), &files, &how, words.data(), environ);
    ::posix_spawnattr_destroy(&how);
    ::posix_spawn_file_actions_destroy(&files);
    return error;
}

} // namespace

Program::Program(const std::vector<std::string>& arguments, core::Deadline deadline)
    : deadline_(deadline)
{
    auto out = make_pipe();
    out_ = out[0];
    auto err = make_pipe();
    err_ = err[0];
    const int error = spawn(process_, arguments, out[1], err[1]);
    close_if_open(out[1]);
    close_if_open(err[1]);
    if (error == 0)
        return;
    process_ = -1;
    end();
    throw std::runtime_error("cannot be started: " + std::generic_category().message(error));
}

Program::~Program()
{
    end();
}

void Program::end() noexcept
{
    if (const pid_t process = std::exchange(process_, -1); process > 0) {
        ::kill(-process, SIGKILL);
        ::waitpid(process, nullptr, 0);
    }
    close_if_open(out_);
    close_if_open(err_);
}

std::optional<Program::Outcome> Program::poll(core::Deadline now)
{
    if (out_ >= 0 && !read_some(out_, outcome_.out))
        close_if_open(out_);
    if (err_ >= 0 && !read_some(err_, outcome_.err))
        close_if_open(err_);
    int status = 0;
    if (outcome_.out.size() > kMost || outcome_.err.size() > kMost) {
        outcome_.fault = "says too much";
    } else if (now >= deadline_) {
        outcome_.fault = "did not end in time";
    } else if (out_ >= 0 || ::waitpid(process_, &status, WNOHANG) == 0) {
        return std::nullopt;
    } else {
        ::kill(-process_, SIGKILL); // what it may have left behind
        process_ = -1;
        if (WIFSIGNALED(status))
            outcome_.fault = "was ended by signal " + std::to_string(WTERMSIG(status));
        else if (WEXITSTATUS(status) != 0)
            outcome_.fault = "ended with " + std::to_string(WEXITSTATUS(status));
    }
    end();
    return std::move(outcome_);
}

} // namespace turngate::app
