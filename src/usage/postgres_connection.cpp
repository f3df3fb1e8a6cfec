#include "postgres_connection.hpp"

#include "posix_file.hpp"
#include "turngate/usage/repository.hpp"

#include <poll.h>
#include <pqxx/pqxx>
#include <unistd.h>

#include <algorithm>
#include <map>
#include <optional>
#include <stdexcept>

// libpqxx 6.4 forgets the last result of a connection that it finds lost: a few KiB each time.
#if defined(__SANITIZE_ADDRESS__)
#define TURNGATE_FINDS_LEAKS
#elif defined(__has_feature)
#if __has_feature(address_sanitizer)
#define TURNGATE_FINDS_LEAKS
#endif
#endif
#ifdef TURNGATE_FINDS_LEAKS
extern "C" const char* __lsan_default_suppressions()
{
    return "leak:libpqxx";
}
#endif

namespace turngate::usage {
namespace {

// What is not in the URL. A host that is gone is noticed within a minute, also by a connection
// that waits for nothing.
constexpr std::pair<std::string_view, std::string_view> kDefaults[] = {
    {"connect_timeout", "5"},
    {"application_name", "turngate"},
    {"client_encoding", "UTF8"},
    {"keepalives_idle", "30"},
    {"keepalives_interval", "10"},
    {"keepalives_count", "3"},
    {"tcp_user_timeout", "60000"},
};

std::string with_defaults(const std::string& url)
{
    const bool is_uri = url.starts_with("postgresql://") || url.starts_with("postgres://");
    std::string all = url;
    for (const auto& [name, value] : kDefaults) {
        if (url.find(std::string(name) + "=") != std::string::npos)
            continue;
        all += !is_uri ? ' ' : all.find('?') == std::string::npos ? '?' : '&';
        all.append(name).append("=").append(value);
    }
    return all;
}

// libpq ends its messages with a line feed and spreads them over several lines.
std::string one_line(std::string text)
{
    while (!text.empty() && (text.back() == '\n' || text.back() == ' '))
        text.pop_back();
    for (char& c : text)
        if (c == '\n' || c == '\t')
            c = ' ';
    return text;
}

constexpr std::chrono::milliseconds kGrace{250};
constexpr std::string_view kCancelled = "57014"; // query_canceled: statement_timeout

// One at least: none would be for ever.
std::chrono::milliseconds left_until(core::Deadline deadline)
{
    const auto left = std::chrono::ceil<std::chrono::milliseconds>(deadline - core::Clock::now());
    return std::max(left, std::chrono::milliseconds(1));
}

// Data exceptions, broken constraints, values too large for an index, and what a trigger raises.
bool is_about_the_data(const std::string& sqlstate)
{
    return sqlstate.starts_with("22") || sqlstate.starts_with("23") || sqlstate == "54000" ||
           sqlstate == "P0001";
}

std::vector<SqlRow> rows_of(const pqxx::result& result)
{
    std::vector<SqlRow> rows;
    rows.reserve(result.size());
    for (const auto& row : result) {
        std::vector<SqlRow::Column> columns;
        columns.reserve(row.size());
        for (const auto& field : row)
            columns.push_back(field.is_null() ? SqlRow::Column()
                                              : std::string(field.c_str(), field.size()));
        rows.emplace_back(std::move(columns));
    }
    return rows;
}

// libpq takes texts that end with a NUL, so none may hold one.
struct TextOf
{
    std::optional<std::string> operator()(std::monostate) const { return std::nullopt; }
    std::optional<std::string> operator()(std::int64_t value) const
    {
        return std::to_string(value);
    }
    std::optional<std::string> operator()(const std::string& text) const
    {
        if (text.find('\0') != std::string::npos)
            throw RecordRefused("postgres: a text has a NUL");
        return text;
    }
};

} // namespace

struct PostgresConnection::Parts
{
    Parts(const std::string& url, Watchdog& d, std::chrono::milliseconds p)
        : dog(d), patience(p), connection(with_defaults(url)), socket(::dup(connection.sock()))
    {
        if (socket.get() < 0)
            throw std::runtime_error("postgres: no file descriptor left");
        never_reconnect();
    }

    // By itself it would, silently: to a session without our settings, on a socket nobody watches.
    void never_reconnect()
    {
#pragma GCC diagnostic push
#pragma GCC diagnostic ignored "-Wdeprecated-declarations"
        connection.inhibit_reactivation(true);
#pragma GCC diagnostic pop
    }

    const std::string& name_of(const std::string& sql);
    std::vector<SqlRow> run(pqxx::work& work,
                            const std::string& sql,
                            const std::vector<const char*>& values);

    // How long to wait for the next answer; the server gives up a little sooner, so that the
    // connection is good for the next question.
    std::chrono::milliseconds wait_for_answer() const;
    void limit(pqxx::work& work) const;

    Watchdog& dog;
    const std::chrono::milliseconds patience;
    core::Deadline until = core::Deadline::max(); // of give_up_at()
    pqxx::connection connection;
    std::optional<pqxx::work> open; // of in_transaction()
    Fd socket; // our own, for the watchdog: libpq may close its one at any time
    std::map<std::string, std::string> prepared; // SQL → name
    bool has_failed = false;
};

std::chrono::milliseconds PostgresConnection::Parts::wait_for_answer() const
{
    if (until == core::Deadline::max())
        return patience;
    const auto left = left_until(until) + kGrace;
    return patience.count() > 0 ? std::min(patience, left) : left;
}

void PostgresConnection::Parts::limit(pqxx::work& work) const
{
    if (until != core::Deadline::max())
        work.exec("SET LOCAL statement_timeout = " + std::to_string(left_until(until).count()));
}

const std::string& PostgresConnection::Parts::name_of(const std::string& sql)
{
    const auto [place, is_new] = prepared.try_emplace(sql, "s" + std::to_string(prepared.size()));
    if (is_new)
        connection.prepare(place->second, sql);
    return place->second;
}

std::vector<SqlRow> PostgresConnection::Parts::run(pqxx::work& work,
                                                   const std::string& sql,
                                                   const std::vector<const char*>& values)
{
    return rows_of(work.exec_prepared(name_of(sql), pqxx::prepare::make_dynamic_params(values)));
}

PostgresConnection::PostgresConnection(const std::string& url,
                                       Watchdog& watchdog,
                                       std::chrono::milliseconds patience)
try : parts_(std::make_unique<Parts>(url, watchdog, patience)) {
    // Bills leave the journal once they are committed here: the commit must be on the disk.
    run_alone("SET synchronous_commit = on");
} catch (const pqxx::failure& error) {
    throw std::runtime_error("postgres: " + one_line(error.what()));
}

PostgresConnection::~PostgresConnection() = default;

template <class Operation>
auto PostgresConnection::guarded(Operation&& operation)
{
    const Watch watch(parts_->dog, parts_->socket.get(), parts_->wait_for_answer());
    try {
        return operation(parts_->connection);
    } catch (const pqxx::sql_error& error) {
        const std::string what = one_line(error.what());
        if (is_about_the_data(error.sqlstate()))
            throw RecordRefused("postgres: " + error.sqlstate() + ": " + what);
        if (error.sqlstate() == kCancelled)
            throw OutOfTime("postgres: " + error.sqlstate() + ": " + what);
        parts_->has_failed = true;
        throw std::runtime_error("postgres: " + error.sqlstate() + ": " + what);
    } catch (const std::exception& error) {
        parts_->has_failed = true;
        if (parts_->until <= core::Clock::now())
            throw OutOfTime("postgres: no answer in time");
        if (watch.was_late())
            throw std::runtime_error("postgres: no answer within " +
                                     std::to_string(parts_->patience.count()) +
                                     " ms: the question was given up");
        throw std::runtime_error("postgres: " + one_line(error.what()));
    }
}

void PostgresConnection::give_up_at(core::Deadline deadline) noexcept
{
    parts_->until = deadline;
}

std::vector<SqlRow> PostgresConnection::ask(const std::string& sql, const SqlValues& values)
{
    std::vector<std::optional<std::string>> owned;
    for (const SqlValues::Value& value : values.all())
        owned.push_back(std::visit(TextOf(), value));
    std::vector<const char*> texts;
    for (const auto& text : owned)
        texts.push_back(text ? text->c_str() : nullptr);
    return guarded([&](pqxx::connection& connection) {
        if (parts_->open)
            return parts_->run(*parts_->open, sql, texts);
        pqxx::work work(connection);
        parts_->limit(work);
        std::vector<SqlRow> rows = parts_->run(work, sql, texts);
        work.commit();
        return rows;
    });
}

void PostgresConnection::in_transaction(const std::function<void()>& work)
{
    guarded([&](pqxx::connection& connection) { parts_->open.emplace(connection); });
    try {
        guarded([&](pqxx::connection&) { parts_->limit(*parts_->open); });
        work();
        guarded([&](pqxx::connection&) { parts_->open->commit(); });
    } catch (...) {
        const Watch watch(parts_->dog, parts_->socket.get(), parts_->wait_for_answer());
        parts_->open.reset();
        throw;
    }
    parts_->open.reset();
}

void PostgresConnection::run_in_transaction(const std::string& sql)
{
    guarded([&](pqxx::connection& connection) {
        pqxx::work work(connection);
        work.exec(sql);
        work.commit();
    });
}

void PostgresConnection::run_alone(const std::string& sql)
{
    guarded([&](pqxx::connection& connection) {
        pqxx::nontransaction work(connection);
        work.exec(sql);
    });
}

bool PostgresConnection::is_usable() const noexcept
{
    // A server that has something to say to a connection at rest is saying goodbye.
    ::pollfd poll{parts_->socket.get(), POLLIN, 0};
    return !parts_->has_failed && ::poll(&poll, 1, 0) == 0;
}

} // namespace turngate::usage
