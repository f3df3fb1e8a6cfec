#include "subject.hpp"

#include "file_limit.hpp"
#include "port.hpp"
#include "process_stats.hpp"
#include "subject_config.hpp"

#include <unistd.h>

#include <array>
#include <fstream>
#include <stdexcept>

namespace turngate::bench {
namespace {

namespace fs = std::filesystem;

std::string url_of(Protocol protocol, std::uint16_t port)
{
    return std::string(name_of(protocol)) + "://127.0.0.1:" + std::to_string(port) +
           "/v1/responses";
}

std::string write_config(const fs::path& file, const std::string& text)
{
    std::ofstream out(file);
    if (!(out << text).flush())
        throw std::runtime_error("cannot write " + file.string());
    return file.string();
}

// nginx and haproxy live in /usr/sbin, which is not in every user's PATH.
std::string find_program(std::string_view name)
{
    for (const char* directory : {"/usr/sbin", "/usr/local/sbin", "/usr/bin", "/usr/local/bin"}) {
        const fs::path path = fs::path(directory) / name;
        if (::access(path.c_str(), X_OK) == 0)
            return path.string();
    }
    return {};
}

std::vector<std::string> sim_command(const Place& place,
                                     std::uint16_t port,
                                     const std::vector<std::string>& options)
{
    std::vector<std::string> command{(place.programs / "turngate-sim").string(),
                                     "--listen",
                                     "127.0.0.1:" + std::to_string(port)};
    command.insert(command.end(), options.begin(), options.end());
    return command;
}

// Writes the configuration, and says how to run the program with it.
std::vector<std::string> prepare(std::string_view name,
                                 const Place& place,
                                 Sides sides,
                                 const Route& route)
{
    const auto config_file = route.directory / (std::string(name) + ".conf");
    if (name == "nginx") {
        const auto config =
            write_config(config_file, nginx_config(route, sides.client, ::geteuid() == 0));
        return {find_program(name), "-e", "stderr", "-p", route.directory.string(), "-c", config};
    }
    if (name == "haproxy")
        return {find_program(name),
                "-db",
                "-f",
                write_config(config_file, haproxy_config(route, sides.client))};
    const auto text =
        turngate_config(route, sides.upstream, free_port(), place.pricing, Subject::key());
    return {(place.programs / kTurngate).string(),
            "serve",
            "--config",
            write_config(config_file, text)};
}

fs::path fresh_directory(const Place& place)
{
    std::string pattern = (place.directory / "run-XXXXXX").string();
    if (!::mkdtemp(pattern.data()))
        throw std::runtime_error("cannot make a directory in " + place.directory.string());
    return pattern;
}

} // namespace

Sim::Sim(const Place& place, const std::vector<std::string>& options)
    : port_(free_port()),
      program_(sim_command(place, port_, options), place.cores.load, place.directory / "sim.log")
{
    wait_until_open(port_, program_, place.directory / "sim.log");
}

Subject::Subject(std::string_view name, const Place& place, Sides sides, std::uint16_t upstream)
    : url_(url_of(sides.client, upstream))
{
    if (name == kDirect)
        return;
    const Route route{free_port(), upstream, fresh_directory(place), session_capacity()};
    const fs::path log = route.directory / "output.log";
    program_ = std::make_unique<ChildProcess>(
        prepare(name, place, sides, route), place.cores.measured, log);
    wait_until_open(route.port, *program_, log);
    url_ = url_of(sides.client, route.port);
}

std::vector<pid_t> Subject::processes() const
{
    return program_ ? process_tree(program_->pid()) : std::vector<pid_t>{};
}

const std::string& Subject::key()
{
    static const std::string key = "sk-bench-0123456789abcdef0123456789abcdef";
    return key;
}

std::string why_missing(std::string_view name, const Place& place)
{
    if (name == kDirect)
        return {};
    if (name == kTurngate)
        return fs::exists(place.programs / kTurngate)
                   ? ""
                   : "there is no turngate in " + place.programs.string();
    return find_program(name).empty() ? "it is not installed" : "";
}

} // namespace turngate::bench
