#include "turngate/usage/settler.hpp"

#include "settle_or_bury.hpp"
#include "turngate/core/clock.hpp"
#include "turngate/telemetry/log.hpp"

#include <algorithm>
#include <condition_variable>
#include <mutex>
#include <thread>

namespace turngate::usage {
namespace {

using std::chrono::milliseconds;

constexpr std::size_t kBatch = 512;
constexpr milliseconds kFirstPause{100};
constexpr milliseconds kLongestPause{10'000};
constexpr milliseconds kUsualTick{20}; // when every append syncs itself

} // namespace

struct Settler::Parts
{
    Parts(JournalDirectory& j,
          milliseconds fsync_every,
          OpenRepository o,
          telemetry::Metrics& metrics,
          OnSettled told);

    void keep_syncing(const std::stop_token& stop);
    void measure();
    void keep_settling(const std::stop_token& stop);
    bool wait_for_work(const std::stop_token& stop);
    bool settle(const std::stop_token& stop);
    void settle_batch(const JournalDirectory::Batch& batch);
    void tell(const std::vector<UsageRecord>& records, const Settled& sums);
    Settled insert(const std::vector<UsageRecord>& records);
    void succeeded(std::uint64_t asked);
    void failed(const char* why);

    JournalDirectory& journal;
    const milliseconds tick;
    OpenRepository open;
    OnSettled on_settled;
    telemetry::Counter settled;
    telemetry::Counter failures;
    telemetry::Counter torn_bytes;
    telemetry::Counter dead_letters;
    telemetry::Gauge lag;
    telemetry::Gauge lag_seconds;
    telemetry::Gauge size;

    // The settling thread's.
    std::unique_ptr<Ledger> ledger;
    milliseconds pause{0};
    core::Deadline next_try{};
    std::atomic<bool> is_healthy{false};

    std::mutex letting_go; // what is told and what is in the journal agree

    // settle_all: `asked` counts the calls, `answered` is the last call that a whole pass began
    // after.
    std::mutex mutex;
    std::condition_variable_any changed;
    std::uint64_t asked = 0;
    std::uint64_t tried = 0;
    std::uint64_t answered = 0;

    // Apart from settling: how soon the disk has a bill must not depend on how slow a database is.
    core::Deadline last_even = core::Clock::now(); // the syncing thread's: when there was no lag
    std::jthread syncing;
    std::jthread settling;
};

Settler::Parts::Parts(JournalDirectory& j,
                      milliseconds fsync_every,
                      OpenRepository o,
                      telemetry::Metrics& metrics,
                      OnSettled told)
    : journal(j), tick(fsync_every.count() > 0 ? fsync_every : kUsualTick), open(std::move(o)),
      on_settled(std::move(told)),
      settled(
          metrics.counter("turngate_usage_settled_total", "Usage records put into the repository")),
      failures(metrics.counter("turngate_usage_settle_failures_total",
                               "Attempts to settle usage records that failed")),
      torn_bytes(metrics.counter("turngate_journal_torn_bytes_total",
                                 "Journal bytes that were no records and were set aside")),
      dead_letters(metrics.counter("turngate_usage_dead_letters_total",
                                   "Usage records that the repository refused for good")),
      lag(metrics.gauge("turngate_journal_lag_bytes", "Journal bytes not yet in the repository")),
      lag_seconds(metrics.gauge("turngate_journal_lag_seconds",
                                "Time since the repository last had all of the journal")),
      size(metrics.gauge("turngate_journal_size_bytes", "Journal bytes on the disk"))
{
    syncing = std::jthread([this](const std::stop_token& stop) { keep_syncing(stop); });
    settling = std::jthread([this](const std::stop_token& stop) { keep_settling(stop); });
}

void Settler::Parts::keep_syncing(const std::stop_token& stop)
{
    std::unique_lock lock(mutex);
    while (!stop.stop_requested()) {
        lock.unlock();
        journal.sync();
        measure();
        lock.lock();
        changed.wait_for(lock, stop, tick, [] { return false; });
    }
}

void Settler::Parts::measure()
{
    const std::uint64_t behind = journal.lag_bytes();
    const core::Deadline now = core::Clock::now();
    last_even = behind == 0 ? now : last_even;
    lag.set(static_cast<double>(behind));
    lag_seconds.set(std::chrono::duration<double>(now - last_even).count());
    size.set(static_cast<double>(journal.size_bytes()));
}

void Settler::Parts::keep_settling(const std::stop_token& stop)
{
    while (wait_for_work(stop)) {
        const std::uint64_t goal = tried;
        if (settle(stop))
            succeeded(goal);
    }
}

// False: stop. A call of settle_all ends the wait, and a pause after failures too, once.
bool Settler::Parts::wait_for_work(const std::stop_token& stop)
{
    std::unique_lock lock(mutex);
    const auto is_asked = [this] { return asked != tried; };
    const core::Deadline usual = core::Clock::now() + (ledger ? tick : milliseconds(0));
    changed.wait_until(lock, stop, std::max(usual, next_try), is_asked);
    tried = asked;
    return !stop.stop_requested();
}

// True: the journal had nothing more.
bool Settler::Parts::settle(const std::stop_token& stop)
{
    try {
        if (!ledger)
            ledger = open();
        is_healthy = true;
        while (!stop.stop_requested()) {
            const JournalDirectory::Batch batch = journal.read(kBatch);
            if (batch.end.empty())
                return true;
            settle_batch(batch);
        }
    } catch (const ForeignSchema& error) {
        telemetry::log_error("the repository is another program's: bills stay in the journal",
                             {{"error", error.what()}});
        failed(error.what());
    } catch (const std::exception& error) {
        failed(error.what());
    }
    return false;
}

void Settler::Parts::settle_batch(const JournalDirectory::Batch& batch)
{
    Settled sums;
    if (!batch.records.empty())
        sums = insert(batch.records);
    settled.add(static_cast<double>(sums.count));
    const std::lock_guard lock(letting_go);
    tell(batch.records, sums);
    journal.advance(batch);
    torn_bytes.add(static_cast<double>(batch.torn_bytes));
    lag.set(static_cast<double>(journal.lag_bytes()));
}

// The batch is settled whatever the listener makes of it.
void Settler::Parts::tell(const std::vector<UsageRecord>& records, const Settled& sums)
{
    if (!on_settled || records.empty())
        return;
    try {
        on_settled(records, sums);
    } catch (const std::exception& error) {
        telemetry::log_error("settled usage records: the listener failed",
                             {{"error", error.what()}, {"records", records.size()}});
    } catch (...) {
        telemetry::log_error("settled usage records: the listener failed",
                             {{"records", records.size()}});
    }
}

Settled Settler::Parts::insert(const std::vector<UsageRecord>& records)
{
    return settle_or_bury(
        *ledger, records, [this](const UsageRecord& record, const std::string& reason) {
            dead_letters.add();
            telemetry::log_error("usage record is refused, kept as a dead letter",
                                 {{"response_uid", record.response_uid}, {"reason", reason}});
        });
}

void Settler::Parts::succeeded(std::uint64_t goal)
{
    pause = milliseconds(0);
    next_try = {};
    const std::lock_guard lock(mutex);
    answered = goal;
    changed.notify_all();
}

// A connection that failed once is not trusted again: the next try opens a new one.
void Settler::Parts::failed(const char* why)
{
    failures.add();
    is_healthy = false;
    ledger.reset();
    pause = std::clamp(pause * 2, kFirstPause, kLongestPause);
    next_try = core::Clock::now() + pause;
    telemetry::log_error(
        "usage records cannot be settled",
        {{"error", why}, {"again_in_ms", pause.count()}, {"lag", journal.lag_bytes()}});
}

Settler::Settler(JournalDirectory& journal,
                 milliseconds fsync_every,
                 OpenRepository open,
                 telemetry::Metrics& metrics,
                 OnSettled on_settled)
    : parts_(std::make_unique<Parts>(
          journal, fsync_every, std::move(open), metrics, std::move(on_settled)))
{
}

Settler::~Settler() = default;

bool Settler::settle_all(milliseconds within)
{
    std::unique_lock lock(parts_->mutex);
    const std::uint64_t mine = ++parts_->asked;
    parts_->changed.notify_all();
    return parts_->changed.wait_for(lock, within, [&] { return parts_->answered >= mine; });
}

void Settler::each_waiting(const TakeRecords& take)
{
    const std::lock_guard lock(parts_->letting_go);
    parts_->journal.each_waiting(take);
}

bool Settler::repository_is_healthy() const noexcept
{
    return parts_->is_healthy;
}

} // namespace turngate::usage
