#pragma once

#include "act.hpp"
#include "lanes.hpp"
#include "random.hpp"

#include "turngate/net/http.hpp"

#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace turngate::sim {

// What a rule can ask about an upgrade; creates have it too, from their connection.
struct UpgradeFacts
{
    unsigned connection = 0;
    std::string path;
    net::HttpHeaders headers;
};

struct Match
{
    std::optional<unsigned> connection;
    std::optional<std::string> path;
    std::vector<std::pair<std::string, std::string>> headers;
    std::optional<unsigned> create;         // on its connection
    std::optional<unsigned> process_create; // of all
    std::optional<std::string> lane;
    std::optional<std::string> model;
    std::optional<std::string> input_contains;
    std::optional<unsigned> larger_than; // bytes of the message
    std::optional<ParentKind> parent;
    std::optional<bool> generate;
};

struct Rule
{
    Match match;
    std::optional<unsigned> times; // left; nothing: always
    std::optional<double> probability;
    ActPtr act; // one of the two
    UpgradeActPtr upgrade;
};

// The rules in force. At each point the first that matches and has times left wins.
class Script
{
public:
    Script() = default;
    explicit Script(std::vector<Rule> rules) : rules_(std::move(rules)) {}

    UpgradeActPtr at_upgrade(const UpgradeFacts& facts, Random& random);
    ActPtr at_create(const UpgradeFacts& facts, const Start& start, Random& random);

private:
    std::vector<Rule> rules_;
};

// Throws std::runtime_error saying what is wrong and where.
Script read_script(std::string_view json);

} // namespace turngate::sim
