#include "turngate/usage/postgres.hpp"

#include "postgres_connection.hpp"
#include "postgres_migrate.hpp"
#include "postgres_session.hpp"
#include "sql_ledger.hpp"
#include "watchdog.hpp"

#include <condition_variable>
#include <mutex>
#include <stdexcept>

namespace turngate::usage {

struct PostgresDatabase::Parts
{
    explicit Parts(PostgresOptions o) : options(std::move(o)) {}

    void migrate_once();
    void take_place();
    void free_place(std::unique_ptr<PostgresConnection> connection);
    std::unique_ptr<PostgresConnection> take_idle();
    std::unique_ptr<PostgresConnection> connection();
    void check_schema(PostgresConnection& connection);

    const PostgresOptions options;
    Watchdog watchdog;

    std::mutex migrating;
    bool is_migrated = false;

    std::mutex mutex;
    std::condition_variable freed;
    std::vector<std::unique_ptr<PostgresConnection>> idle;
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
    parts_->watchdog.cut_all();
}

std::unique_ptr<Ledger> PostgresDatabase::open()
{
    parts_->migrate_once();
    parts_->take_place();
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

// A server that was away may come back as another one, or a newer program has been there. What is
// behind is brought up to date with the next opening.
void PostgresDatabase::Parts::check_schema(PostgresConnection& connection)
{
    try {
        check_up_to_date(connection, postgres_migrations());
    } catch (const ForeignSchema&) {
        throw;
    } catch (const std::runtime_error&) {
        const std::lock_guard lock(migrating);
        is_migrated = false;
        throw;
    }
}

void PostgresDatabase::Parts::take_place()
{
    std::unique_lock lock(mutex);
    const bool is_free =
        freed.wait_for(lock, options.patience, [this] { return taken < options.pool; });
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
        auto made = std::make_unique<PostgresConnection>(options.url, watchdog, options.patience);
        check_schema(*made);
        return made;
    } catch (...) {
        free_place(nullptr);
        throw;
    }
}

} // namespace turngate::usage
