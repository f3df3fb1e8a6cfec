#pragma once

#include "turngate/config/node.hpp"

#include <optional>
#include <string>

namespace turngate::config {

class Report;

// Nothing when it is no YAML; the report then has the complaint.
std::optional<Node> parse_document(const std::string& marked, Report& report);

// Keys given twice in one mapping, anywhere in the tree.
void check_duplicates(const Node& root, Report& report);

} // namespace turngate::config
