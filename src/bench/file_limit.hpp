#pragma once

#include <cstddef>

namespace turngate::bench {

// Raises the limit of open files as far as we may; what we start inherits it.
void allow_many_files() noexcept;

// How many sessions a proxy can have under that limit: each is two sockets.
std::size_t session_capacity() noexcept;

} // namespace turngate::bench
