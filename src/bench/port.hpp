#pragma once

#include "child_process.hpp"

#include <cstdint>

namespace turngate::bench {

// A port of 127.0.0.1 that nobody listens on. Nobody holds it for us either, so use it soon.
std::uint16_t free_port();

// Until somebody accepts connections there. Throws std::runtime_error with the end of `log` when
// the program has ended instead or takes too long.
void wait_until_open(std::uint16_t port, ChildProcess& program, const std::filesystem::path& log);

} // namespace turngate::bench
