#include "turngate/usage/repository.hpp"

#include "cursor.hpp"
#include "sqlite_database.hpp"
#include "sqlite_migrate.hpp"

#include <algorithm>

namespace turngate::usage {
namespace {

// The order in which records are given and taken below.
constexpr std::string_view kColumns =
    "response_uid, turn_id, upstream_response_id, user_name, key_name, group_name, account_name, "
    "requested_model, upstream_model, lane, session, request_type, input_tokens, cached_tokens, "
    "cache_write_tokens, output_tokens, reasoning_tokens, total_tokens, web_searches, status, "
    "reason, "
    "estimated, attempts, retry_reason, service_tier, price_version, multiplier_ppm, "
    "cost_nano_usd, "
    "account_cost_nano_usd, queue_ms, first_token_ms, total_ms, started_at, user_agent, client_ip, "
    "routing";

std::int64_t micros(core::Timestamp at)
{
    return at.time_since_epoch().count();
}

std::string insert_sql()
{
    std::string marks = "?";
    for (const char c : kColumns)
        if (c == ',')
            marks += ", ?";
    return "INSERT INTO usage_records (" + std::string(kColumns) + ") VALUES (" + marks +
           ") ON CONFLICT (response_uid) DO NOTHING";
}

void give_record(SqliteStatement& to, const UsageRecord& record)
{
    to.give(record.response_uid).give(record.turn_id).give(record.upstream_response_id);
    to.give(record.user).give(record.key).give(record.group).give(record.account);
    to.give(record.requested_model).give(record.upstream_model);
    to.give(record.lane).give(record.session);
    to.give(static_cast<std::int64_t>(record.request_type));
    to.give(record.tokens.input).give(record.tokens.cached).give(record.tokens.cache_write);
    to.give(record.tokens.output).give(record.tokens.reasoning).give(record.tokens.total);
    to.give(record.tokens.web_searches);
    to.give(static_cast<std::int64_t>(record.status)).give(record.reason);
    to.give(std::int64_t{record.estimated}).give(std::int64_t{record.attempts});
    to.give(record.retry_reason).give(record.service_tier).give(record.price_version);
    to.give(record.multiplier.value).give(record.cost.value).give(record.account_cost.value);
    to.give(record.queue_ms).give(record.first_token_ms).give(record.total_ms);
    to.give(micros(record.started_at)).give(record.user_agent).give(record.client_ip);
    to.give(record.routing);
}

UsageRecord take_record(SqliteStatement& row)
{
    UsageRecord record;
    record.response_uid = row.take_text();
    record.turn_id = row.take_text();
    record.upstream_response_id = row.take_text();
    record.user = row.take_text();
    record.key = row.take_text();
    record.group = row.take_text();
    record.account = row.take_text();
    record.requested_model = row.take_text();
    record.upstream_model = row.take_text();
    record.lane = row.take_text();
    record.session = row.take_text();
    record.request_type = static_cast<RequestType>(row.take_int());
    record.tokens.input = row.take_int();
    record.tokens.cached = row.take_int();
    record.tokens.cache_write = row.take_int();
    record.tokens.output = row.take_int();
    record.tokens.reasoning = row.take_int();
    record.tokens.total = row.take_int();
    record.tokens.web_searches = row.take_int();
    record.status = static_cast<Status>(row.take_int());
    record.reason = row.take_text();
    record.estimated = row.take_int() != 0;
    record.attempts = static_cast<std::int32_t>(row.take_int());
    record.retry_reason = row.take_text();
    record.service_tier = row.take_text();
    record.price_version = row.take_text();
    record.multiplier.value = row.take_int();
    record.cost.value = row.take_int();
    record.account_cost.value = row.take_int();
    record.queue_ms = row.take_int();
    record.first_token_ms = row.take_maybe_int();
    record.total_ms = row.take_int();
    record.started_at = core::Timestamp(std::chrono::microseconds(row.take_int()));
    record.user_agent = row.take_text();
    record.client_ip = row.take_text();
    record.routing = row.take_text();
    return record;
}

// Conditions and their values side by side, so they cannot get out of step.
class Where
{
public:
    explicit Where(const UsageQuery& query)
    {
        if (query.since)
            add("started_at >= ?", micros(*query.since));
        if (query.until)
            add("started_at < ?", micros(*query.until));
        add_name("key_name = ?", query.key);
        add_name("user_name = ?", query.user);
        add_name("account_name = ?", query.account);
        add_name("requested_model = ?", query.model);
        if (query.request_type)
            add("request_type = ?", static_cast<std::int64_t>(*query.request_type));
        else if (query.stream)
            add("(request_type IN (2, 3)) = ?", std::int64_t{*query.stream});
    }

    void add_cursor(const Cursor& cursor)
    {
        sql_ += " AND (started_at, response_uid) < (?, ?)";
        values_.push_back({.number = micros(cursor.started_at)});
        values_.push_back({.text = cursor.response_uid});
    }
    void give_to(SqliteStatement& statement) const
    {
        for (const Value& value : values_)
            value.text ? statement.give(*value.text) : statement.give(value.number);
    }
    const std::string& sql() const { return sql_; }

private:
    struct Value
    {
        std::int64_t number = 0;
        std::optional<std::string> text{};
    };

    void add(std::string_view condition, std::int64_t number)
    {
        sql_.append(" AND ").append(condition);
        values_.push_back({.number = number});
    }
    void add_name(std::string_view condition, const std::string& name)
    {
        if (name.empty())
            return;
        sql_.append(" AND ").append(condition);
        values_.push_back({.text = name});
    }

    std::string sql_ = " WHERE true";
    std::vector<Value> values_;
};

std::string_view column_of(GroupBy by)
{
    switch (by) {
    case GroupBy::key:
        return "key_name";
    case GroupBy::user:
        return "user_name";
    case GroupBy::group:
        return "group_name";
    case GroupBy::account:
        return "account_name";
    case GroupBy::model:
        return "requested_model";
    case GroupBy::day:
        return "strftime('%Y-%m-%d', started_at / 1000000, 'unixepoch')";
    }
    return "key_name";
}

UsageSum take_sum(SqliteStatement& row)
{
    UsageSum sum;
    sum.name = row.take_text();
    sum.responses = row.take_int();
    sum.tokens.input = row.take_int();
    sum.tokens.cached = row.take_int();
    sum.tokens.cache_write = row.take_int();
    sum.tokens.output = row.take_int();
    sum.tokens.reasoning = row.take_int();
    sum.tokens.total = row.take_int();
    sum.tokens.web_searches = row.take_int();
    sum.cost.value = row.take_int();
    sum.account_cost.value = row.take_int();
    return sum;
}

// WAL, so that reports do not hold up the settler. FULL, because the journal deletes what is
// committed here: the commit must be on the disk, which WAL's usual NORMAL does not promise.
SqliteDatabase opened(const std::string& path)
{
    SqliteDatabase database(path);
    database.run("PRAGMA journal_mode = WAL; PRAGMA synchronous = FULL");
    migrate(database, sqlite_migrations());
    return database;
}

class SqliteRepository final : public UsageRepository
{
public:
    explicit SqliteRepository(const std::string& path)
        : database_(opened(path)), insert_(database_.prepare(insert_sql()))
    {
    }

    std::size_t insert(const std::vector<UsageRecord>& records) override
    {
        std::size_t inserted = 0;
        SqliteTransaction transaction(database_);
        for (const UsageRecord& record : records) {
            insert_.reset();
            give_record(insert_, record);
            insert_.step();
            inserted += database_.changes();
        }
        insert_.reset(); // a statement in its middle would keep the transaction open
        transaction.commit();
        return inserted;
    }

    UsagePage list(const UsageQuery& query) override
    {
        Where where(query);
        if (!query.cursor.empty())
            where.add_cursor(Cursor::parse(query.cursor));
        const std::size_t limit = std::clamp(query.limit, 1u, 1000u);
        auto rows =
            database_.prepare("SELECT " + std::string(kColumns) + " FROM usage_records" +
                              where.sql() + " ORDER BY started_at DESC, response_uid DESC LIMIT ?");
        where.give_to(rows);
        rows.give(
            static_cast<std::int64_t>(limit + 1)); // one more tells whether there is a next page

        UsagePage page;
        while (rows.step())
            page.records.push_back(take_record(rows));
        if (page.records.size() > limit) {
            page.records.pop_back();
            const UsageRecord& last = page.records.back();
            page.next_cursor = Cursor{last.started_at, last.response_uid}.text();
        }
        return page;
    }

    std::vector<UsageSum> sums(const UsageQuery& query, GroupBy by) override
    {
        const Where where(query);
        const std::string order = by == GroupBy::day ? "1 DESC" : "10 DESC, 1";
        auto rows = database_.prepare(
            "SELECT " + std::string(column_of(by)) +
            ", count(*), sum(input_tokens), sum(cached_tokens), sum(cache_write_tokens), "
            "sum(output_tokens), sum(reasoning_tokens), sum(total_tokens), sum(web_searches), "
            "sum(cost_nano_usd), sum(account_cost_nano_usd) FROM usage_records" +
            where.sql() + " GROUP BY 1 ORDER BY " + order);
        where.give_to(rows);

        std::vector<UsageSum> sums;
        while (rows.step())
            sums.push_back(take_sum(rows));
        return sums;
    }

private:
    SqliteDatabase database_;
    SqliteStatement insert_;
};

} // namespace

std::unique_ptr<UsageRepository> open_sqlite(const std::string& path)
{
    return std::make_unique<SqliteRepository>(path);
}

} // namespace turngate::usage
