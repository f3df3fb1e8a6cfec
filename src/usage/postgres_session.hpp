#pragma once

#include "postgres_connection.hpp"
#include "sql_session.hpp"

#include <functional>
#include <memory>

namespace turngate::usage {

class PostgresSession final : public SqlSession
{
public:
    using GiveBack = std::function<void(std::unique_ptr<PostgresConnection>)>;

    PostgresSession(std::unique_ptr<PostgresConnection> connection, GiveBack give_back);
    ~PostgresSession() override;
    PostgresSession(const PostgresSession&) = delete;
    PostgresSession& operator=(const PostgresSession&) = delete;

    void give_up_at(core::Deadline deadline) override { connection_->give_up_at(deadline); }
    std::vector<SqlRow> ask(const std::string& sql, const SqlValues& values) override;
    void together(const std::function<void()>& work) override;
    void alone(const std::function<void()>& work) override;
    Settled settle(const std::vector<UsageRecord>& records) override;
    std::int64_t change_mark() override;
    std::string_view changed_since() const override;
    std::string_view but_locked() const override { return " FOR UPDATE SKIP LOCKED"; }
    Retired retire(std::int64_t from, std::int64_t before, std::int64_t portion) override;

private:
    std::unique_ptr<PostgresConnection> connection_;
    GiveBack give_back_;
    const std::string settle_sql_;
};

} // namespace turngate::usage
