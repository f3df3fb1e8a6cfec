#pragma once

#include "turngate/config/config.hpp"
#include "turngate/usage/ledger.hpp"
#include "turngate/usage/postgres.hpp"

#include <chrono>
#include <memory>
#include <optional>
#include <string>

namespace turngate::app {

// Where the bills end up, as configured. Thread-safe.
class Database
{
public:
    // `patience` is for an answer; 0: for ever. For who may look, and waits: a command.
    explicit Database(const config::Usage& config,
                      usage::Opening opening = usage::Opening::to_serve,
                      std::chrono::milliseconds patience = std::chrono::seconds(30));

    // As `opening` has it. Throws std::runtime_error when it cannot be had, or a pool has no
    // connection to spare by `until`.
    std::unique_ptr<usage::Ledger> open(core::Deadline until = core::Deadline::max());

    // Ends all waits for it, now and from now on: they throw.
    void cut() noexcept;

    std::string_view backend() const noexcept { return postgres_ ? "postgres" : "sqlite"; }
    // For people; without a password.
    const std::string& name() const noexcept { return name_; }

private:
    usage::Opening opening_;
    std::string sqlite_path_;
    std::string name_;
    std::optional<usage::PostgresDatabase> postgres_;
};

} // namespace turngate::app
