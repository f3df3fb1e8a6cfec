#include "turngate/config/report.hpp"

namespace turngate::config {

std::string Complaint::text() const
{
    std::string text = file + ":";
    if (line > 0)
        text += std::to_string(line) + ":";
    if (!key.empty())
        text += " " + key + ":";
    return text + " " + what;
}

std::string key_path(const std::string& path, const std::string& key)
{
    return path.empty() ? key : path + "." + key;
}

std::string item_path(const std::string& path, std::size_t index)
{
    return path + "[" + std::to_string(index) + "]";
}

void Report::complain(Position at, std::string key, std::string what)
{
    complaints_.emplace(at, Complaint{file_, at.line, std::move(key), std::move(what)});
}

void Report::warn(Position at, std::string key, std::string what)
{
    warnings_.emplace(at, Complaint{file_, at.line, std::move(key), std::move(what)});
}

void Report::know(const std::string& path)
{
    std::string key;
    bool is_index = false;
    for (const char c : path) {
        is_index = c == '[' || (is_index && c != ']');
        if (!is_index && c != ']')
            key.push_back(c);
    }
    known_.insert(std::move(key));
}

std::vector<Complaint> Report::list(const Placed& placed)
{
    std::vector<Complaint> list;
    for (const auto& [at, complaint] : placed)
        list.push_back(complaint);
    return list;
}

} // namespace turngate::config
