#include "process_stats.hpp"

#include <algorithm>
#include <charconv>
#include <ctime>
#include <filesystem>
#include <fstream>
#include <optional>
#include <string>

namespace turngate::bench {
namespace {

std::optional<pid_t> to_pid(const std::string& name)
{
    pid_t pid = 0;
    const auto [end, error] = std::from_chars(name.data(), name.data() + name.size(), pid);
    if (error != std::errc{} || end != name.data() + name.size())
        return std::nullopt;
    return pid;
}

// "pid (name) state ppid …": the name may contain anything, so from its last parenthesis on.
std::optional<pid_t> parent_of(pid_t pid)
{
    std::ifstream stat("/proc/" + std::to_string(pid) + "/stat");
    std::string line;
    std::getline(stat, line);
    const auto name_end = line.rfind(") ");
    if (name_end == line.npos || line.size() < name_end + 5)
        return std::nullopt;
    const auto begin = name_end + 4;
    return to_pid(line.substr(begin, line.find(' ', begin) - begin));
}

std::vector<pid_t> all_processes()
{
    std::vector<pid_t> pids;
    for (const auto& entry : std::filesystem::directory_iterator("/proc"))
        if (const auto pid = to_pid(entry.path().filename().string()))
            pids.push_back(*pid);
    return pids;
}

std::chrono::nanoseconds read_clock(clockid_t clock)
{
    timespec time{};
    if (::clock_gettime(clock, &time) != 0)
        return {};
    return std::chrono::seconds(time.tv_sec) + std::chrono::nanoseconds(time.tv_nsec);
}

} // namespace

std::vector<pid_t> process_tree(pid_t root)
{
    std::vector<std::pair<pid_t, pid_t>> parents; // child, parent
    for (const pid_t pid : all_processes())
        if (const auto parent = parent_of(pid))
            parents.emplace_back(pid, *parent);
    std::vector<pid_t> tree{root};
    for (std::size_t i = 0; i < tree.size(); ++i)
        for (const auto& [child, parent] : parents)
            if (parent == tree[i] && std::ranges::find(tree, child) == tree.end())
                tree.push_back(child);
    return tree;
}

std::chrono::nanoseconds cpu_time(const std::vector<pid_t>& processes)
{
    std::chrono::nanoseconds sum{};
    for (const pid_t pid : processes) {
        clockid_t clock{};
        if (::clock_getcpuclockid(pid, &clock) == 0)
            sum += read_clock(clock);
    }
    return sum;
}

std::chrono::nanoseconds own_cpu_time()
{
    return read_clock(CLOCK_PROCESS_CPUTIME_ID);
}

std::uint64_t memory_bytes(const std::vector<pid_t>& processes)
{
    std::uint64_t sum = 0;
    for (const pid_t pid : processes) {
        std::ifstream rollup("/proc/" + std::to_string(pid) + "/smaps_rollup");
        for (std::string word; rollup >> word;) {
            if (word != "Pss:")
                continue;
            std::uint64_t kib = 0;
            rollup >> kib;
            sum += kib * 1024;
            break;
        }
    }
    return sum;
}

} // namespace turngate::bench
