#pragma once

#include <string>

namespace turngate::sim {

// How reasoning that is sealed under this name begins.
inline std::string seal_prefix(const std::string& name)
{
    return name.empty() ? "gAAAAA" : "gAAAAA" + name + "_";
}

} // namespace turngate::sim
