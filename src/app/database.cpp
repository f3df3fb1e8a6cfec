#include "database.hpp"

namespace turngate::app {

Database::Database(const config::Usage& config,
                   usage::Opening opening,
                   std::chrono::milliseconds patience)
    : opening_(opening), sqlite_path_(config.sqlite_path), name_(config.sqlite_path)
{
    if (config.repository != config::UsageBackend::postgres)
        return;
    usage::PostgresOptions options;
    options.url = config.postgres.url;
    options.pool = config.postgres.pool;
    options.patience = patience;
    options.opening = opening;
    postgres_.emplace(std::move(options));
    name_ = "postgres";
}

std::unique_ptr<usage::Ledger> Database::open(core::Deadline until)
{
    return postgres_ ? postgres_->open(until) : usage::open_sqlite(sqlite_path_, opening_);
}

void Database::cut() noexcept
{
    if (postgres_)
        postgres_->cut();
}

} // namespace turngate::app
