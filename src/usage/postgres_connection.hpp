#pragma once

#include "sql_session.hpp"
#include "turngate/core/clock.hpp"
#include "watchdog.hpp"

#include <chrono>
#include <functional>
#include <memory>
#include <string>
#include <vector>

namespace turngate::usage {

// One connection. Failures are std::runtime_error; RecordRefused when what was given is at fault,
// not the database. After any other failure the connection is good for nothing.
class PostgresConnection
{
public:
    // `url`: postgresql://… or key=value words. An operation that has no answer after `patience` is
    // cut off by the watchdog; 0: never.
    PostgresConnection(const std::string& url,
                       Watchdog& watchdog,
                       std::chrono::milliseconds patience);
    ~PostgresConnection();

    // What is asked from now on ends by then, also at the server: OutOfTime.
    void give_up_at(core::Deadline deadline) noexcept;

    // One statement, prepared at its first use; in a transaction of its own, or of
    // in_transaction().
    std::vector<SqlRow> ask(const std::string& sql, const SqlValues& values = {});

    // What `work` asks is one transaction, rolled back when it throws.
    void in_transaction(const std::function<void()>& work);

    // Statements without values or results: all in one transaction, or one outside of any.
    void run_in_transaction(const std::string& sql);
    void run_alone(const std::string& sql);

    bool is_usable() const noexcept; // nothing failed so far, and the server has not hung up

private:
    struct Parts;
    template <class Operation>
    auto guarded(Operation&& operation);

    std::unique_ptr<Parts> parts_;
};

} // namespace turngate::usage
