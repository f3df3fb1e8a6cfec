#pragma once

#include "turngate/config/config.hpp"
#include "turngate/config/node.hpp"

#include <map>
#include <set>
#include <string>
#include <utility>
#include <vector>

namespace turngate::config {

// "accounts" and "name" make "accounts.name"; "accounts" and 0 make "accounts[0]".
std::string key_path(const std::string& path, const std::string& key);
std::string item_path(const std::string& path, std::size_t index);

// Collects what is wrong with one file, in any order.
class Report
{
public:
    explicit Report(std::string file) : file_(std::move(file)) {}

    void complain(Position at, std::string key, std::string what);
    void warn(Position at, std::string key, std::string what);

    // A key that the file may have, as its path without list indices.
    void know(const std::string& path);

    bool is_clean() const { return complaints_.empty(); }
    const std::string& file() const { return file_; }
    const std::set<std::string>& known_keys() const { return known_; }

    std::vector<Complaint> complaints() const { return list(complaints_); }
    std::vector<Complaint> warnings() const { return list(warnings_); }

private:
    using Placed = std::multimap<Position, Complaint>; // in the file's order
    static std::vector<Complaint> list(const Placed& placed);

    std::string file_;
    Placed complaints_;
    Placed warnings_;
    std::set<std::string> known_;
};

} // namespace turngate::config
