#pragma once

#include "turngate/usage/ledger.hpp"

#include <chrono>
#include <memory>
#include <string>

namespace turngate::usage {

struct PostgresOptions
{
    std::string url;   // postgresql://… or libpq's key=value words
    unsigned pool = 4; // connections at most
    std::chrono::milliseconds patience{
        30'000}; // for an answer, and for a free connection; 0: for ever, for an answer
    Opening opening = Opening::to_serve;
};

// A Postgres database and this process's connections to it. Thread-safe. Connects when the first
// ledger is opened and not before: a gateway starts and serves without its database.
class PostgresDatabase
{
public:
    // Throws std::runtime_error for a URL that cannot be read.
    explicit PostgresDatabase(PostgresOptions options);
    ~PostgresDatabase(); // its ledgers may outlive it

    // A ledger on a connection of its own, which goes back to the pool with it. Before the first
    // one the schema is brought up to date or, as `opening` has it, only looked at. Throws
    // std::runtime_error when there is no connection to be had, or none is free by `until`.
    std::unique_ptr<Ledger> open(core::Deadline until = core::Deadline::max());

    // Ends all waits for the database, now and from now on; they throw. So that a silent server
    // does not hold up the end of the process.
    void cut() noexcept;

private:
    struct Parts;
    std::shared_ptr<Parts> parts_;
};

} // namespace turngate::usage
