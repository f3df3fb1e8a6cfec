#pragma once

#include "value.hpp"

#include <string>
#include <string_view>
#include <vector>

namespace turngate::config {

// A mapping with known keys: those that are asked for while it lives. At its end it complains about
// the others.
class Section
{
public:
    // node: null when the mapping is not given, then it has nothing.
    Section(Report& report, const Node* node, std::string path, Position at);
    Section(const Section&) = delete;
    Section& operator=(const Section&) = delete;
    ~Section();

    Value operator[](std::string_view key); // a literal
    bool is_given() const { return node_ != nullptr; }

private:
    void refuse(const Node& child) const;

    Report& report_;
    const Node* node_;
    std::string path_;
    Position at_;
    std::vector<std::string_view> known_;
};

} // namespace turngate::config
