#pragma once

#include "spendings.hpp"

#include "turngate/telemetry/metrics.hpp"
#include "turngate/usage/ledger.hpp"

#include <atomic>
#include <chrono>
#include <condition_variable>
#include <functional>
#include <memory>
#include <mutex>
#include <optional>
#include <stop_token>
#include <string>
#include <thread>

namespace turngate::app {

// Brings what the repository says of users and keys into the process, every few seconds, on a
// thread of its own: what has changed since the last time. A repository that is away changes
// nothing.
class Books
{
public:
    struct Parts
    {
        std::function<std::unique_ptr<usage::Ledger>()> open; // throws while there is none
        Spendings& spendings;
        telemetry::Metrics& metrics;
        std::function<void()> on_change; // keys or credits did; on the books' thread
    };

    explicit Books(Parts parts);
    ~Books();

    void start(); // once

    // A reading that begins after the call. False: it takes longer. Any thread.
    bool read_now(std::chrono::milliseconds within);

    // Why the repository, which is there, cannot be used: it is another program's. Any thread.
    std::optional<std::string> foreign_schema() const;

    // As read last. Any thread.
    std::size_t dead_letters() const noexcept { return dead_letters_; }

private:
    void keep_reading(const std::stop_token& stop);
    void read();
    void learn(usage::Ledger& ledger);
    void failed(const std::exception& failure, bool is_foreign);

    Parts parts_;
    telemetry::Gauge letters_gauge_;
    std::atomic<std::size_t> dead_letters_{0};

    mutable std::mutex mutex_;
    std::condition_variable_any changed_;
    std::uint64_t asked_ = 0;
    std::uint64_t answered_ = 0; // the last of the asked whose reading is over
    std::optional<std::string> foreign_schema_;

    // The thread's own.
    std::int64_t read_until_ = 0;
    core::Deadline read_all_at_{};
    bool is_down_ = false;
    std::jthread thread_;
};

} // namespace turngate::app
