#include "admin_sources.hpp"

#include "accounts_json.hpp"
#include "balances_json.hpp"
#include "loop_lags.hpp"

#include <nlohmann/json.hpp>

#include <algorithm>

namespace turngate::app {

bool AdminSources::journal_is_healthy() const
{
    return std::all_of(parts_.loops.begin(), parts_.loops.end(), [&](const auto& loop) {
        return parts_.journal.writer(loop->index()).is_healthy();
    });
}

std::vector<std::string> AdminSources::not_ready() const
{
    std::vector<std::string> reasons;
    if (parts_.gateway.is_draining())
        reasons.emplace_back("draining");
    if (!journal_is_healthy())
        reasons.emplace_back("the journal cannot be written");
    for (const unsigned loop : standing_still(parts_.loops))
        reasons.push_back("loop " + std::to_string(loop) + " stands still");
    return reasons;
}

std::vector<std::string> AdminSources::warnings() const
{
    std::vector<std::string> warnings;
    if (const std::size_t letters = parts_.books.dead_letters(); letters > 0)
        warnings.push_back(std::to_string(letters) +
                           " bills were refused by the repository and are dead letters");
    if (const auto why = parts_.books.foreign_schema())
        warnings.push_back("the repository cannot be used: " + *why);
    return warnings;
}

std::string AdminSources::accounts() const
{
    return nlohmann::ordered_json{{"data", accounts_json(parts_.snapshots.current()->accounts)}}
        .dump();
}

// Made here and asked on another thread: what it needs of this one it takes along.
admin::LedgerThreads::Work AdminSources::balances() const
{
    return [config = parts_.snapshots.current()->config,
            &budgets = parts_.state.budgets()](usage::Ledger& ledger) {
        return admin::Answer{200, balances_json(ledger.balances(), *config, budgets)};
    };
}

std::string AdminSources::status() const
{
    nlohmann::ordered_json status;
    status["version"] = TURNGATE_VERSION;
    status["uptime_s"] =
        std::chrono::duration_cast<std::chrono::seconds>(core::Clock::now() - started_).count();
    status["draining"] = parts_.gateway.is_draining();
    status["listen"] = parts_.addresses;
    status["lag_us"] = longest_lag(parts_.loops).count();
    for (const auto& loop : parts_.loops)
        status["loops"].push_back({{"loop", loop->index()}, {"lag_us", loop->lag().count()}});
    status["sessions"] = parts_.gateway.sessions();
    status["accounts"] = accounts_json(parts_.snapshots.current()->accounts);
    status["journal"] = {{"healthy", journal_is_healthy()},
                         {"lag_bytes", parts_.journal.lag_bytes()}};
    const state::Health store = parts_.state.health();
    status["store"] = {{"backend", store.backend},
                       {"healthy", store.is_shared()},
                       {"loops", store.loops},
                       {"loops_up", store.loops_up},
                       {"operations", store.operations},
                       {"skipped", store.skipped},
                       {"late", store.late},
                       {"refused", store.refused},
                       {"lost", store.lost}};
    status["repository"] = {{"backend", parts_.database.backend()},
                            {"healthy", parts_.settler.repository_is_healthy()},
                            {"dead_letters", parts_.books.dead_letters()}};
    return status.dump();
}

} // namespace turngate::app
