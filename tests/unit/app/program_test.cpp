#include "program.hpp"

#include "unit/usage/temp_dir.hpp"

#include <gtest/gtest.h>
#include <signal.h>

#include <fstream>
#include <stdexcept>
#include <thread>

namespace turngate::app {
namespace {

using core::Clock;
using namespace std::chrono_literals;

Program::Outcome outcome_of(Program& program)
{
    while (true) {
        if (auto outcome = program.poll(Clock::now()))
            return *outcome;
        std::this_thread::sleep_for(1ms); // a child process tells nobody when it ends
    }
}

Program::Outcome run(const std::string& script, std::chrono::seconds time = 60s)
{
    Program program({"sh", "-c", script}, Clock::now() + time);
    return outcome_of(program);
}

TEST(Program, SaysWhatItSays)
{
    const auto outcome = run("echo out; echo err >&2");
    EXPECT_EQ(outcome.out, "out\n");
    EXPECT_EQ(outcome.err, "err\n");
    EXPECT_EQ(outcome.fault, "");
}

TEST(Program, IsNoShell)
{
    Program program({"echo", "$HOME; *"}, Clock::now() + 60s);
    EXPECT_EQ(outcome_of(program).out, "$HOME; *\n");
}

TEST(Program, ThatFailsSaysHow)
{
    EXPECT_EQ(run("echo secret; exit 3").fault, "ended with 3");
    EXPECT_EQ(run("kill -9 $$").fault, "was ended by signal 9");
    EXPECT_THROW(Program({"/no/such/program"}, Clock::now() + 60s), std::runtime_error);
}

TEST(Program, HasATimeAndASize)
{
    EXPECT_EQ(run("sleep 1000", 0s).fault, "did not end in time");
    EXPECT_EQ(run("yes").fault, "says too much");
    EXPECT_EQ(run("yes >&2").fault, "says too much");
}

TEST(Program, InheritsNothingOfOurs)
{
    ::signal(SIGPIPE, SIG_IGN); // as main does
    const auto descriptors = run("ls /proc/self/fd | wc -l").out;
    EXPECT_EQ(std::stoi(descriptors), 4) << "three, and that of ls itself";
    const auto ignored = run("sed -n 's/^SigIgn:\\s*//p' /proc/self/status").out;
    EXPECT_EQ(std::stoull(ignored, nullptr, 16) & (1u << (SIGPIPE - 1)), 0u) << ignored;
}

// Whether a process of that number does anything any more.
bool runs(const std::string& process)
{
    std::ifstream stat("/proc/" + process + "/stat");
    std::string number, name, state;
    stat >> number >> name >> state;
    return stat && state != "Z" && state != "X";
}

TEST(Program, EndsWithItsObjectAndSoDoesWhatItHasStarted)
{
    const usage::TempDir dir;
    const std::string path = dir / "process";
    std::string process;
    {
        Program program({"sh", "-c", "sleep 1000 & echo $! >'" + path + "'; wait"},
                        Clock::now() + 60s);
        while (process.empty()) {
            EXPECT_FALSE(program.poll(Clock::now()));
            std::ifstream(path) >> process;
        }
        EXPECT_TRUE(runs(process));
    }
    while (runs(process))
        std::this_thread::sleep_for(1ms);
}

} // namespace
} // namespace turngate::app
