#pragma once

#include <yaml-cpp/yaml.h>

#include <cstdint>
#include <functional>
#include <initializer_list>
#include <string>
#include <vector>

namespace turngate::usage {

// Reads a YAML document of which every key must be understood. What is wrong is collected, with
// file, line and key; a value that is wrong is read as an empty one.
class StrictYaml
{
public:
    explicit StrictYaml(std::string path) : path_(std::move(path)) {}

    void complain(const YAML::Mark& mark, const std::string& key, const std::string& what);
    std::vector<std::string> take_complaints() { return std::move(complaints_); }

protected:
    using Entry = std::function<void(const std::string&, const YAML::Node&, const YAML::Node&)>;

    void complain(const YAML::Node& node, const std::string& key, const std::string& what);
    static std::string join(const std::string& prefix, const std::string& name);

    // Name, key and value of each entry; a name that stands twice is a complaint.
    void each(const YAML::Node& map, const std::string& prefix, const Entry& entry);
    // `at`: where a missing one is complained about.
    void require(const YAML::Node& map,
                 const YAML::Node& at,
                 const std::string& prefix,
                 std::initializer_list<const char*> names);
    std::string text(const YAML::Node& node, const std::string& key);
    std::int64_t number(const YAML::Node& node, const std::string& key, std::int64_t most);

private:
    std::string path_;
    std::vector<std::string> complaints_;
};

} // namespace turngate::usage
