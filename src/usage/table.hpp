#pragma once

#include "turngate/core/money.hpp"

#include <ostream>
#include <string>
#include <vector>

namespace turngate::usage {

// Names come from configurations and upstreams: none may steer the reader's terminal.
std::string printable(std::string text);

std::string dollars(core::NanoUsd amount); // with six digits, half away from zero

// A table for a terminal: the first columns are texts (left), the rest numbers (right), a rule
// before the last row.
class Table
{
public:
    Table(std::vector<std::string> heads, std::size_t text_columns);

    void add(std::vector<std::string> cells); // as many as heads
    void print(std::ostream& out) const;

private:
    void print_row(std::ostream& out, const std::vector<std::string>& cells) const;
    void print_rule(std::ostream& out) const;

    std::vector<std::vector<std::string>> rows_; // the heads first
    std::size_t text_columns_;
    std::vector<std::size_t> widths_;
};

} // namespace turngate::usage
