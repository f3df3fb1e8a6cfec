#include "turngate/usage/postgres.hpp"

#include "postgres_connection.hpp"
#include "postgres_migrate.hpp"
#include "postgres_session.hpp"
#include "sql_ledger.hpp"
#include "watchdog.hpp"

#include <algorithm>
#include <condition_variable>
#include <mutex>
#include <stdexcept>

namespace turngate::usage {

struct PostgresDatabase::Parts
{
    explicit Parts(PostgresOptions o) : options(std::move(o)) {}

    void migrate_once();
    void take_place(core::Deadline until);
    void free_place(std::unique_ptr<PostgresConnection> connection);
    std::unique_ptr<PostgresConnection> take_idle();
    std::unique_ptr<PostgresConnection> connection();

    const PostgresOptions options;
    Watchdog watchdog;

    std::mutex migrating;
    bool is_migrated = false;

    std::mutex mutex;
    std::condition_variable freed;
    std::vector<std::unique_ptr<PostgresConnection>> idle;
    bool is_cut = false;
    unsigned taken = 0; // places, with a connection or about to have one
};

PostgresDatabase::PostgresDatabase(PostgresOptions options)
    : parts_(std::make_shared<Parts>(std::move(options)))
{
}

PostgresDatabase::~PostgresDatabase() = default;

void PostgresDatabase::migrate()
{
    parts_->migrate_once();
}

void PostgresDatabase::cut() noexcept
{
    {
        const std::lock_guard lock(parts_->mutex);
        parts_->is_cut = true;
        parts_->freed.notify_all();
    }
    parts_->watchdog.cut_all();
}

std::unique_ptr<Ledger> PostgresDatabase::open(core::Deadline until)
{
    parts_->migrate_once();
    parts_->take_place(until);
    auto session = std::make_unique<PostgresSession>(
        parts_->connection(), [parts = parts_](std::unique_ptr<PostgresConnection> connection) {
            parts->free_place(std::move(connection));
        });
    return std::make_unique<SqlLedger>(std::move(session));
}

void PostgresDatabase::Parts::migrate_once()
{
    const std::lock_guard lock(migrating);
    if (is_migrated)
        return;
    migrate_postgres(options.url, watchdog, postgres_migrations());
    is_migrated = true;
}

void PostgresDatabase::Parts::take_place(core::Deadline until)
{
    std::unique_lock lock(mutex);
    const auto deadline = std::min(until, core::Clock::now() + options.patience);
    const bool is_free =
        freed.wait_until(lock, deadline, [this] { return is_cut || taken < options.pool; });
    if (is_cut)
        throw std::runtime_error("postgres: this process ends");
    if (!is_free)
        throw std::runtime_error("postgres: all " + std::to_string(options.pool) +
                                 " connections are in use");
    ++taken;
}

void PostgresDatabase::Parts::free_place(std::unique_ptr<PostgresConnection> connection)
{
    const std::lock_guard lock(mutex);
    if (connection && connection->is_usable())
        idle.push_back(std::move(connection));
    --taken;
    freed.notify_one();
}

std::unique_ptr<PostgresConnection> PostgresDatabase::Parts::take_idle()
{
    const std::lock_guard lock(mutex);
    while (!idle.empty()) {
        auto connection = std::move(idle.back());
        idle.pop_back();
        if (connection->is_usable())
            return connection;
    }
    return nullptr;
}

std::unique_ptr<PostgresConnection> PostgresDatabase::Parts::connection()
{
    if (auto known = take_idle())
        return known;
    try {
        return std::make_unique<PostgresConnection>(options.url, watchdog, options.patience);
    } catch (...) {
        free_place(nullptr);
        throw;
    }
}

} // namespace turngate::usage
