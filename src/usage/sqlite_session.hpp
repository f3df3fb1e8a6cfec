#pragma once

#include "sql_session.hpp"
#include "sqlite_database.hpp"

#include <string>

namespace turngate::usage {

class SqliteSession final : public SqlSession
{
public:
    SqliteSession(const std::string& path, Opening opening);

    void give_up_at(core::Deadline deadline) override;
    std::vector<SqlRow> ask(const std::string& sql, const SqlValues& values) override;
    void together(const std::function<void()>& work) override;
    void alone(const std::function<void()>& work) override { together(work); }
    Settled settle(const std::vector<UsageRecord>& records) override;
    std::int64_t change_mark() override;
    std::string_view changed_since() const override { return "changed > $1"; }
    std::string_view but_locked() const override { return {}; }
    Retired retire(std::int64_t from, std::int64_t before, std::int64_t portion) override;

private:
    bool insert_one(const UsageRecord& record);

    core::Deadline until_ = core::Deadline::max();
    SqliteDatabase database_;
    SqliteStatement insert_;
    bool is_together_ = false;
};

} // namespace turngate::usage
