#include "turngate/usage/postgres.hpp"

#include "postgres_connection.hpp"
#include "postgres_migrate.hpp"
#include "postgres_session.hpp"
#include "postgres_url.hpp"
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

    void prepare_once();
    void take_place(core::Deadline until);
    void free_place(std::unique_ptr<PostgresConnection> connection);
    std::unique_ptr<PostgresConnection> take_idle();
    std::unique_ptr<PostgresConnection> connection();
    void check_schema(PostgresConnection& connection);
    std::unique_ptr<PostgresConnection> new_connection();

    const PostgresOptions options;
    Watchdog watchdog;

    std::mutex preparing;
    bool is_prepared = false;

    std::mutex mutex;
    std::condition_variable freed;
    std::vector<std::unique_ptr<PostgresConnection>> idle;
    bool is_cut = false;
    unsigned taken = 0; // places, with a connection or about to have one
};

PostgresDatabase::PostgresDatabase(PostgresOptions options)
    : parts_(std::make_shared<Parts>(std::move(options)))
{
    check_postgres_url(parts_->options.url);
}

PostgresDatabase::~PostgresDatabase() = default;

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
    parts_->prepare_once();
    parts_->take_place(until);
    auto session = std::make_unique<PostgresSession>(
        parts_->connection(), [parts = parts_](std::unique_ptr<PostgresConnection> connection) {
            parts->free_place(std::move(connection));
        });
    return std::make_unique<SqlLedger>(std::move(session));
}

void PostgresDatabase::Parts::prepare_once()
{
    const std::lock_guard lock(preparing);
    if (is_prepared)
        return;
    if (options.opening == Opening::to_serve)
        migrate_postgres(options.url, watchdog, postgres_migrations());
    else
        check_migrated(*new_connection(), postgres_migrations());
    is_prepared = true;
}

// A server that was away may come back as another one, or a newer program has been there. What is
// behind is brought up to date with the next opening.
void PostgresDatabase::Parts::check_schema(PostgresConnection& connection)
{
    try {
        check_migrated(connection, postgres_migrations());
    } catch (const ForeignSchema&) {
        throw;
    } catch (const std::runtime_error&) {
        const std::lock_guard lock(preparing);
        is_prepared = false;
        throw;
    }
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

std::unique_ptr<PostgresConnection> PostgresDatabase::Parts::new_connection()
{
    auto made = std::make_unique<PostgresConnection>(options.url, watchdog, options.patience);
    if (options.opening == Opening::to_read)
        made->run_alone("SET default_transaction_read_only = on");
    return made;
}

std::unique_ptr<PostgresConnection> PostgresDatabase::Parts::connection()
{
    if (auto known = take_idle())
        return known;
    try {
        auto made = new_connection();
        check_schema(*made);
        return made;
    } catch (...) {
        free_place(nullptr);
        throw;
    }
}

} // namespace turngate::usage
