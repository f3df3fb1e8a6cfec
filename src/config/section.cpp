#include "turngate/config/section.hpp"

#include "spelling.hpp"

#include <algorithm>

namespace turngate::config {

Section::Section(Report& report, const Node* node, std::string path, Position at)
    : report_(report), node_(node), path_(std::move(path)), at_(at)
{
}

Section::~Section()
{
    if (node_ == nullptr)
        return;
    for (const Node& child : node_->children)
        if (std::ranges::find(known_, child.key) == known_.end())
            refuse(child);
}

Value Section::operator[](std::string_view key)
{
    Value value = or_blank(key);
    if (value.is_blank())
        value.complain(std::string(kBlank));
    return value;
}

Value Section::or_blank(std::string_view key)
{
    known_.push_back(key);
    const std::string path = key_path(path_, std::string(key));
    report_.know(path);
    if (node_ == nullptr)
        return {report_, nullptr, path, at_};
    const auto child = std::ranges::find(node_->children, key, &Node::key);
    if (child == node_->children.end())
        return {report_, nullptr, path, at_};
    return {report_, &*child, path, child->key_at};
}

void Section::refuse(const Node& child) const
{
    const std::string path = key_path(path_, child.key);
    const auto meant = closest(child.key, known_);
    const std::string hint = meant ? "; did you mean " + std::string(*meant) + "?" : "";
    report_.complain(child.key_at, path, "unknown key" + hint);
}

} // namespace turngate::config
