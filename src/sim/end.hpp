#pragma once

#include <cstdint>
#include <string>

namespace turngate::sim {

// How a connection ended.
struct End
{
    const char* side = "client"; // client, sim
    const char* how = "eof";     // close, eof, reset, violation
    std::uint16_t code = 1006;
    std::string reason;
};

} // namespace turngate::sim
