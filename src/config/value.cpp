#include "turngate/config/value.hpp"

#include "place.hpp"
#include "turngate/config/quantity.hpp"
#include "turngate/config/secret.hpp"
#include "turngate/config/section.hpp"
#include "variables.hpp"

#include <algorithm>
#include <charconv>

namespace turngate::config {
namespace {

std::string join(const std::vector<std::string_view>& words)
{
    std::string text;
    for (std::size_t i = 0; i < words.size(); ++i) {
        if (i > 0)
            text += i + 1 < words.size() ? ", " : " or ";
        text += words[i];
    }
    return text;
}

// 1000 times what is charged or paid is a slip of the keyboard.
constexpr std::int64_t kMaxMultiplier = 1'000 * std::int64_t{1'000'000};

// 0.01 and 100, not 0.010000 and 1e+02
std::string real_text(double value)
{
    char text[32];
    const auto end = std::to_chars(text, text + sizeof text, value).ptr;
    return {text, end};
}

} // namespace

const Value& Value::required() const
{
    if (node_ == nullptr)
        complain("is required");
    return *this;
}

std::optional<std::string> Value::text() const
{
    if (!is_given())
        return std::nullopt;
    if (node_->kind != Node::Kind::scalar) {
        complain("must be a single value");
        return std::nullopt;
    }
    Expanded expanded = expand(node_->text);
    for (std::string& what : expanded.complaints)
        complain(std::move(what));
    if (!expanded.complaints.empty())
        return std::nullopt;
    return std::move(expanded.text);
}

std::optional<std::string> Value::filled() const
{
    auto value = text();
    if (value && value->empty()) {
        complain("must not be empty");
        return std::nullopt;
    }
    return value;
}

std::optional<std::string> Value::secret(std::string* from) const
{
    static constexpr std::string_view kFile = "file:";
    auto value = filled();
    if (!value)
        return std::nullopt;
    std::string place;
    if (value->starts_with(kFile)) {
        std::string path = value->substr(kFile.size());
        find(path);
        place = "the file " + path + " ";
        *value = path;
        if (from != nullptr)
            *from = std::move(path);
    }
    Secret secret = place.empty() ? Secret{*value, fault_of_secret(*value)} : read_secret(*value);
    if (secret.fault.empty())
        return std::move(secret.text);
    complain(place + secret.fault);
    return std::nullopt;
}

void Value::read_text(std::string& out) const
{
    if (auto value = filled())
        out = std::move(*value);
}

void Value::read_path(std::string& out) const
{
    read_text(out);
    find(out);
}

void Value::find(std::string& path) const
{
    Place place = place_in(folder_of(report_->file()), path);
    if (place.is_elsewhere)
        warn("is in the working directory, and relative paths start at this file's folder: move "
             "it there, or write the whole path");
    path = std::move(place.path);
}

void Value::read_flag(bool& out) const
{
    const auto value = text();
    if (!value)
        return;
    const bool is_yes = *value == "true" || *value == "on";
    if (is_yes || *value == "false" || *value == "off")
        out = is_yes;
    else
        complain("must be true or false, on or off");
}

void Value::read_duration(milliseconds& out, milliseconds least, milliseconds most) const
{
    const auto value = text();
    if (!value)
        return;
    const auto duration = parse_duration(*value);
    if (!duration)
        return complain("must be a duration such as 500ms, 30s, 5m or 1h");
    if (*duration < least || *duration > most)
        return complain("must be from " + duration_text(least) + " to " + duration_text(most));
    out = *duration;
}

void Value::read_size(std::uint64_t& out, std::uint64_t least, std::uint64_t most) const
{
    const auto value = text();
    if (!value)
        return;
    const auto size = parse_size(*value);
    if (!size)
        return complain("must be a size such as 64KiB, 16MiB or a number of bytes");
    if (*size < least || *size > most)
        return complain("must be from " + size_text(least) + " to " + size_text(most));
    out = *size;
}

void Value::read_money(std::optional<core::NanoUsd>& out) const
{
    if (const auto value = decimal(9, "an amount such as 25.00"))
        out = core::NanoUsd{*value};
}

void Value::read_multiplier(core::Ppm& out) const
{
    const auto value = decimal(6, "a multiplier such as 1.5");
    if (value && *value > kMaxMultiplier)
        return complain("must be from 0 to 1000");
    if (value)
        out = core::Ppm{*value};
}

void Value::read_real(double& out, double least, double most) const
{
    const auto millionths = decimal(6, "a number such as 0.5");
    if (!millionths)
        return;
    const double value = static_cast<double>(*millionths) / 1e6;
    if (value < least || value > most)
        return complain("must be from " + real_text(least) + " to " + real_text(most));
    out = value;
}

Section Value::section() const
{
    if (is_given() && !is_map())
        complain("must be a mapping");
    return Section(*report_, is_map() ? node_ : nullptr, path_, at_);
}

std::vector<Value> Value::items(bool or_one) const
{
    if (or_one && is_given() && node_->kind == Node::Kind::scalar)
        return {*this};
    std::vector<Value> items;
    if (is_given() && node_->kind != Node::Kind::list)
        complain("must be a list");
    else if (is_given()) {
        for (const Node& child : node_->children)
            items.emplace_back(*report_, &child, item_path(path_, items.size()), child.at);
    }
    for (const Value& item : items)
        if (item.is_blank())
            item.complain("is blank");
    std::erase_if(items, [](const Value& item) { return !item.is_given(); });
    return items;
}

std::vector<Value> Value::mappings() const
{
    std::vector<Value> mappings;
    std::vector<Value> all = items();
    for (Value& item : all) {
        if (item.is_map())
            mappings.push_back(std::move(item));
        else
            item.complain("must be a mapping");
    }
    return mappings;
}

void Value::require_items() const
{
    if (node_ == nullptr || (node_->kind == Node::Kind::list && node_->children.empty()))
        complain("at least one is required");
}

std::vector<Value> Value::entries() const
{
    std::vector<Value> entries;
    if (is_given() && !is_map())
        complain("must be a mapping");
    else if (is_given()) {
        for (const Node& child : node_->children)
            entries.emplace_back(*report_, &child, key_path(path_, child.key), child.key_at);
    }
    for (const Value& entry : entries)
        if (entry.is_blank())
            entry.complain(std::string(kBlank));
    return entries;
}

std::optional<std::int64_t> Value::integer(std::int64_t least, std::int64_t most) const
{
    const auto value = text();
    if (!value)
        return std::nullopt;
    const auto number = parse_integer(*value);
    if (number && *number >= least && *number <= most)
        return number;
    complain("must be a whole number from " + std::to_string(least) + " to " +
             std::to_string(most));
    return std::nullopt;
}

std::optional<std::int64_t> Value::decimal(unsigned digits, const char* example) const
{
    const auto value = text();
    if (!value)
        return std::nullopt;
    if (const auto number = parse_decimal(*value, digits))
        return number;
    if (value->starts_with('-'))
        complain("must not be negative");
    else
        complain(std::string("must be ") + example + ", with at most " + std::to_string(digits) +
                 " digits after the point");
    return std::nullopt;
}

void Value::check_known(std::string_view word, const std::vector<std::string_view>& known) const
{
    if (std::ranges::find(known, word) == known.end())
        complain("must be " + join(known));
}

} // namespace turngate::config
