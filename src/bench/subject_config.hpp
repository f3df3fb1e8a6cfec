#pragma once

#include "sides.hpp"

#include <cstddef>
#include <cstdint>
#include <filesystem>
#include <string>

namespace turngate::bench {

// One proxy between the bench and the sim: listens on `port`, forwards to `upstream`, both on
// 127.0.0.1.
struct Route
{
    std::uint16_t port = 0;
    std::uint16_t upstream = 0;
    std::filesystem::path directory; // for its files, exists
    std::size_t sessions = 9'000;    // room for as many, and their upstream connections
};

// Each as an experienced operator would run it as a proxy of WebSockets, or of server-sent events,
// on one core; what is not said is the program's default.
std::string nginx_config(const Route& route, Protocol protocol, bool as_root);
std::string haproxy_config(const Route& route, Protocol protocol);
std::string turngate_config(const Route& route,
                            Protocol upstream,
                            std::uint16_t admin_port,
                            const std::filesystem::path& pricing,
                            const std::string& key);

} // namespace turngate::bench
