#pragma once

#include <string>

namespace turngate::app {

// Says all that is wrong with a price file: exit code 1. `against`: the file before it, to say what
// has changed; empty: none.
int check_prices(const std::string& path, const std::string& against);

} // namespace turngate::app
