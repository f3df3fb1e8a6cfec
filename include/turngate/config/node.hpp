#pragma once

#include <compare>
#include <cstdint>
#include <string>
#include <vector>

namespace turngate::config {

struct Position
{
    int line = 0; // 1-based; 0: the file as a whole
    int column = 0;

    auto operator<=>(const Position&) const = default;
};

// One YAML value with its place in the file. Texts still carry their marked variables
// (variables.hpp).
struct Node
{
    enum class Kind : std::uint8_t { null, scalar, list, map };

    Kind kind = Kind::null;
    Position at{};
    std::string key{}; // of a map's child, with its place
    Position key_at{};
    std::string text{};
    std::vector<Node> children{};
};

} // namespace turngate::config
