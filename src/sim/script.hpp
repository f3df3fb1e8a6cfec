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

// What a rule can ask about an upgrade or another HTTP request; creates have it too.
struct RequestFacts
{
    unsigned connection = 0;
    std::string path;
    net::HttpHeaders headers;
    Transport transport = Transport::ws;
    std::string method = "GET";
    unsigned request = 0; // its number on the connection; 0: the upgrade
    unsigned creates = 0; // on the connection before
};

struct Match
{
    std::optional<unsigned> connection;
    std::optional<std::string> path;
    std::vector<std::pair<std::string, std::string>> headers;
    std::optional<Transport> transport;
    std::optional<std::string> method;
    std::optional<unsigned> request;
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
    ActPtr act; // one of the three
    UpgradeActPtr upgrade;
    RequestActPtr request;
};

// The rules in force. At each point the first that matches and has times left wins.
class Script
{
public:
    Script() = default;
    explicit Script(std::vector<Rule> rules) : rules_(std::move(rules)) {}

    UpgradeActPtr at_upgrade(const RequestFacts& facts, Random& random);
    RequestActPtr at_request(const RequestFacts& facts, Random& random);
    ActPtr at_create(const RequestFacts& facts, const Start& start, Random& random);

private:
    std::vector<Rule> rules_;
};

// Throws std::runtime_error saying what is wrong and where.
Script read_script(std::string_view json);

} // namespace turngate::sim
