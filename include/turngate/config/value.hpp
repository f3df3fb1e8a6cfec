#pragma once

#include "turngate/core/money.hpp"

#include "turngate/config/node.hpp"
#include "turngate/config/report.hpp"

#include <chrono>
#include <concepts>
#include <cstdint>
#include <functional>
#include <initializer_list>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace turngate::config {

class Section;

inline constexpr std::string_view kBlank = "is blank: give it a value, or leave the key out";

template <class T>
using Words = std::initializer_list<std::pair<std::string_view, T>>;

// What stands at one key, given or not. read… leaves its target as it is, so with its default, when
// nothing is given or what is given is wrong; the report then has the complaint.
class Value
{
public:
    using milliseconds = std::chrono::milliseconds;

    Value(Report& report, const Node* node, std::string path, Position at)
        : report_(&report), node_(node), path_(std::move(path)), at_(at)
    {
    }

    bool is_given() const { return node_ != nullptr && node_->kind != Node::Kind::null; }
    bool is_blank() const { return node_ != nullptr && node_->kind == Node::Kind::null; }
    bool is_map() const { return is_given() && node_->kind == Node::Kind::map; }
    const std::string& key() const { return node_->key; }

    const Value& required() const; // complains when the key is not there
    void complain(std::string what) const { report_->complain(at_, path_, std::move(what)); }
    // One for later: what is wrong only another file can tell.
    Complaint complaint(std::string what) const
    {
        return {report_->file(), at_.line, path_, std::move(what)};
    }
    void warn(std::string what) const { report_->warn(at_, path_, std::move(what)); }

    // Nothing when not given, no scalar, or with a variable that cannot be expanded.
    std::optional<std::string> text() const;
    std::optional<std::string> filled() const; // text() that is not empty
    // filled(), file:/path read; fit for a header. `from`: gets the path of such a file.
    std::optional<std::string> secret(std::string* from = nullptr) const;

    void read_text(std::string& out) const;
    // A path, as it is from the file's folder; of the target's default, too.
    void read_path(std::string& out) const;
    void read_flag(bool& out) const;
    void read_duration(milliseconds& out, milliseconds least, milliseconds most) const;
    void read_size(std::uint64_t& out, std::uint64_t least, std::uint64_t most) const;
    void read_money(std::optional<core::NanoUsd>& out) const;
    void read_multiplier(core::Ppm& out) const;
    void read_real(double& out, double least, double most) const; // at most 6 digits of fraction

    template <std::integral T>
    void read_number(T& out, std::int64_t least, std::int64_t most) const
    {
        if (const auto number = integer(least, most))
            out = static_cast<T>(*number);
    }

    template <class T>
    void read_word(T& out, Words<T> words) const
    {
        const auto word = text();
        if (!word)
            return;
        std::vector<std::string_view> known;
        for (const auto& [name, value] : words) {
            if (name == *word)
                out = value;
            known.push_back(name);
        }
        check_known(*word, known);
    }

    Section section() const;
    // A list's items. A single scalar is complained about, unless `or_one`: then it is the list.
    std::vector<Value> items(bool or_one = false) const;
    std::vector<Value> mappings()
        const;                  // a list's items that are mappings; complains about the others
    void require_items() const; // complains about a list with none, or no list
    // The children of a mapping whose keys are free.
    std::vector<Value> entries() const;

private:
    void find(std::string& path) const;
    std::optional<std::int64_t> integer(std::int64_t least, std::int64_t most) const;
    std::optional<std::int64_t> decimal(unsigned digits, const char* example) const;
    void check_known(std::string_view word, const std::vector<std::string_view>& known) const;

    Report* report_;
    const Node* node_; // null: not given
    std::string path_;
    Position at_;
};

} // namespace turngate::config
