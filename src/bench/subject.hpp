#pragma once

#include "child_process.hpp"
#include "sides.hpp"

#include <cstdint>
#include <filesystem>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

namespace turngate::bench {

inline constexpr std::string_view kDirect = "direct"; // no proxy: the baseline of latencies
inline constexpr std::string_view kTurngate = "turngate";

// Where things are and go.
struct Place
{
    std::filesystem::path programs;  // turngate and turngate-sim
    std::filesystem::path pricing;   // knows sim-1
    std::filesystem::path directory; // temporary, ours
    Cores cores;
};

// The upstream of a workload, on the load's core.
class Sim
{
public:
    Sim(const Place& place, const std::vector<std::string>& options);

    std::uint16_t port() const noexcept { return port_; }

private:
    std::uint16_t port_;
    ChildProcess program_;
};

// What stands between the bench and the sim: nginx, haproxy, turngate, or nothing (direct). Started
// fresh for each measurement, on the measured core, and ready when constructed. Throws
// std::runtime_error when it does not start.
class Subject
{
public:
    Subject(std::string_view name, const Place& place, Sides sides, std::uint16_t upstream);

    const std::string& url() const noexcept { return url_; }

    // To be taken after it has served something: workers exist then. Empty for `direct`.
    std::vector<pid_t> processes() const;

    static const std::string& key();

private:
    std::string url_;
    std::unique_ptr<ChildProcess> program_;
};

// Empty, or why a subject of that name cannot take part.
std::string why_missing(std::string_view name, const Place& place);

} // namespace turngate::bench
