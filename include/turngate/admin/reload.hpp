#pragma once

#include <string>
#include <vector>

namespace turngate::admin {

// What came of reading the configuration again.
struct Reload
{
    std::vector<std::string> complaints; // empty: done
    std::vector<std::string> notes;      // what is done only after a restart
};

} // namespace turngate::admin
