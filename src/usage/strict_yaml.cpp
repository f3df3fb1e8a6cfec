#include "strict_yaml.hpp"

#include <charconv>
#include <set>

namespace turngate::usage {

void StrictYaml::complain(const YAML::Mark& mark, const std::string& key, const std::string& what)
{
    const int line = mark.is_null() ? 1 : mark.line + 1;
    complaints_.push_back(path_ + ":" + std::to_string(line) + ": " + key + ": " + what);
}

void StrictYaml::complain(const YAML::Node& node, const std::string& key, const std::string& what)
{
    complain(node.Mark(), key, what);
}

std::string StrictYaml::join(const std::string& prefix, const std::string& name)
{
    return prefix.empty() ? name : prefix + "." + name;
}

void StrictYaml::each(const YAML::Node& map, const std::string& prefix, const Entry& entry)
{
    if (!map.IsMap())
        return complain(map, prefix, "must be a map");
    std::set<std::string> seen;
    for (const auto& pair : map) {
        const YAML::Node& key = pair.first;
        if (!key.IsScalar())
            complain(key, prefix, "keys must be plain text");
        else if (!seen.insert(key.Scalar()).second)
            complain(key, join(prefix, key.Scalar()), "given twice");
        else
            entry(key.Scalar(), key, pair.second);
    }
}

void StrictYaml::require(const YAML::Node& map,
                         const YAML::Node& at,
                         const std::string& prefix,
                         std::initializer_list<const char*> names)
{
    if (!map.IsMap())
        return;
    for (const char* name : names)
        if (!map[name])
            complain(at, join(prefix, name), "is missing");
}

std::string StrictYaml::text(const YAML::Node& node, const std::string& key)
{
    if (node.IsScalar() && !node.Scalar().empty())
        return node.Scalar();
    complain(node, key, "must be a text");
    return {};
}

std::int64_t StrictYaml::number(const YAML::Node& node, const std::string& key, std::int64_t most)
{
    const std::string digits = node.IsScalar() ? node.Scalar() : "";
    std::int64_t value = -1;
    const auto [end, error] = std::from_chars(digits.data(), digits.data() + digits.size(), value);
    if (error == std::errc() && end == digits.data() + digits.size() && value >= 0 && value <= most)
        return value;
    complain(node, key, "must be a whole number from 0 to " + std::to_string(most));
    return 0;
}

} // namespace turngate::usage
