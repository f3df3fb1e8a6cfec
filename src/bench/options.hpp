#pragma once

#include "comparison.hpp"
#include "load.hpp"

namespace turngate::bench {

// The command line.
struct Options
{
    LoadOptions load;
    ComparisonOptions comparison;
    bool compares = false;
    bool json = false;
};

// Nothing: --help was asked for or the arguments are wrong, and `exit_code` says which; it was
// printed already.
std::optional<Options> read_options(int argc, char** argv, int& exit_code);

} // namespace turngate::bench
