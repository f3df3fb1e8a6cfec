#pragma once

#include "commands.hpp"
#include "principals_command.hpp"

#include <CLI/CLI.hpp>

#include <functional>
#include <string>

namespace turngate::app {

// What was given on the command line, and what it asks for.
struct Arguments
{
    std::string config = "/etc/turngate/config.yaml";
    std::string log_level;
    UsageOptions usage;
    NewKey key;
    KeyEdit key_edit;
    CreditChange credit;
    std::string older_than;
    std::string against;
    unsigned letters = 100;
    std::string letter;
    bool fix = false;
    bool json = false;
    std::function<int()> run;
};

// A subcommand that runs `run` when it is given.
CLI::App* add(
    CLI::App& to, Arguments& given, const char* name, const char* what, std::function<int()> run);
CLI::App* add_with_config(
    CLI::App& to, Arguments& given, const char* name, const char* what, std::function<int()> run);

void add_principals(CLI::App& app, Arguments& given); // keys, users, dead-letters

} // namespace turngate::app
