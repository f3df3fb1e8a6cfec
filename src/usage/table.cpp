#include "table.hpp"

#include <algorithm>
#include <cstdio>

namespace turngate::usage {
namespace {

// Characters, not bytes; good enough for names, whose wide ones are rare.
std::size_t width_of(const std::string& cell)
{
    return static_cast<std::size_t>(
        std::ranges::count_if(cell, [](char c) { return (c & 0xc0) != 0x80; }));
}

} // namespace

std::string printable(std::string text)
{
    std::ranges::replace_if(text, [](unsigned char c) { return c < 0x20 || c == 0x7f; }, '?');
    return text;
}

std::string dollars(core::NanoUsd amount)
{
    const bool is_negative = amount.value < 0;
    const auto nano = static_cast<std::uint64_t>(amount.value);
    const std::uint64_t micro =
        ((is_negative ? 0 - nano : nano) + 500) / 1000; // half away from zero
    char text[48];
    std::snprintf(text,
                  sizeof text,
                  "%s%llu.%06llu",
                  is_negative ? "-" : "",
                  static_cast<unsigned long long>(micro / 1'000'000),
                  static_cast<unsigned long long>(micro % 1'000'000));
    return text;
}

Table::Table(std::vector<std::string> heads, std::size_t text_columns)
    : text_columns_(text_columns), widths_(heads.size(), 0)
{
    add(std::move(heads));
}

void Table::add(std::vector<std::string> cells)
{
    for (std::size_t i = 0; i < widths_.size(); ++i) {
        cells[i] = printable(std::move(cells[i]));
        widths_[i] = std::max(widths_[i], width_of(cells[i]));
    }
    rows_.push_back(std::move(cells));
}

void Table::print(std::ostream& out) const
{
    for (std::size_t i = 0; i < rows_.size(); ++i) {
        if (i == 1 || i + 1 == rows_.size())
            print_rule(out);
        print_row(out, rows_[i]);
    }
}

void Table::print_row(std::ostream& out, const std::vector<std::string>& cells) const
{
    std::string line;
    for (std::size_t i = 0; i < cells.size(); ++i) {
        const std::string padding(widths_[i] - width_of(cells[i]), ' ');
        line += i == 0 ? "" : "  ";
        line += i < text_columns_ ? cells[i] + padding : padding + cells[i];
    }
    out << line << '\n';
}

void Table::print_rule(std::ostream& out) const
{
    for (std::size_t i = 0; i < widths_.size(); ++i)
        out << (i == 0 ? "" : "  ") << std::string(widths_[i], '-');
    out << '\n';
}

} // namespace turngate::usage
