#pragma once

#include "turngate/config/report.hpp"
#include "turngate/config/section.hpp"

#include <functional>

namespace turngate::config {

// Reads the report's file as one YAML mapping, ${VAR} substituted in its values, and gives it to
// `read`; an empty file is a mapping without keys. What is no such file is a complaint, and `read`
// is not called. Never throws on bad input.
void read_yaml_file(Report& report, const std::function<void(Section&)>& read);

} // namespace turngate::config
