#pragma once

#include "turngate/config/value.hpp"

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

    // key: a literal. One that stands there without a value is a complaint: what would be left to
    // its default might be a limit.
    Value operator[](std::string_view key);
    // The same where a blank is a value: none.
    Value or_blank(std::string_view key);
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
