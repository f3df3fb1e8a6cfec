#pragma once

#include "turngate/config/config.hpp"

namespace turngate::app {

// What earlier versions, or people, left readable by every user of this machine stays so; the log
// is told once.
void tell_of_open_doors(const config::Usage& usage);

} // namespace turngate::app
