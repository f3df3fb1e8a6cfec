#pragma once

#include "books.hpp"
#include "database.hpp"
#include "snapshots.hpp"

#include "turngate/admin/ledger_threads.hpp"
#include "turngate/gateway/gateway.hpp"
#include "turngate/usage/journal.hpp"
#include "turngate/usage/settler.hpp"

#include <memory>
#include <string>
#include <vector>

namespace turngate::app {

// What the process says of itself over admin HTTP (interface.md). On the admin loop's thread.
class AdminSources
{
public:
    struct Parts
    {
        const std::vector<std::unique_ptr<net::Loop>>& loops;
        state::State& state;
        const Snapshots& snapshots;
        usage::JournalDirectory& journal;
        const Database& database;
        const usage::Settler& settler;
        const gateway::Gateway& gateway;
        const std::vector<std::string>& addresses;
        const Books& books;
    };

    explicit AdminSources(Parts parts) : parts_(parts), started_(core::Clock::now()) {}

    std::vector<std::string> not_ready() const; // reasons; empty: ready
    std::vector<std::string> warnings() const;  // to be looked after, though turns go on
    std::string status() const;
    std::string accounts() const;
    admin::LedgerThreads::Work balances() const;

private:
    bool journal_is_healthy() const;

    Parts parts_;
    core::Deadline started_;
};

} // namespace turngate::app
