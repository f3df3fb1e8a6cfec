#include "books.hpp"

#include "turngate/telemetry/log.hpp"

#include <utility>

namespace turngate::app {
namespace {

using core::Clock;

// behaviour.md section 1 and interface.md: a change reaches every gateway within 5 s.
constexpr auto kInterval = std::chrono::seconds(3);

// All rows: one that somebody deleted is no change of any.
constexpr auto kAllAgain = std::chrono::minutes(5);

} // namespace

Books::Books(Parts parts)
    : parts_(std::move(parts)),
      letters_gauge_(parts_.metrics.gauge("turngate_dead_letters",
                                          "Bills that the repository refused and nobody mended"))
{
}

Books::~Books() = default;

void Books::start()
{
    thread_ = std::jthread([this](const std::stop_token& stop) { keep_reading(stop); });
}

bool Books::read_now(std::chrono::milliseconds within)
{
    std::unique_lock lock(mutex_);
    const std::uint64_t mine = ++asked_;
    changed_.notify_all();
    return changed_.wait_for(lock, within, [&] { return answered_ >= mine; });
}

std::optional<std::string> Books::foreign_schema() const
{
    const std::lock_guard lock(mutex_);
    return foreign_schema_;
}

void Books::keep_reading(const std::stop_token& stop)
{
    std::unique_lock lock(mutex_);
    while (!stop.stop_requested()) {
        const std::uint64_t goal = asked_;
        lock.unlock();
        read();
        lock.lock();
        answered_ = goal;
        changed_.notify_all();
        changed_.wait_for(lock, stop, kInterval, [this] { return asked_ > answered_; });
    }
}

void Books::read()
{
    try {
        const auto ledger = parts_.open(); // not kept: a pool may have one place for all
        learn(*ledger);
    } catch (const usage::ForeignSchema& failure) {
        failed(failure, true);
    } catch (const std::exception& failure) {
        failed(failure, false);
    }
}

void Books::learn(usage::Ledger& ledger)
{
    const auto now = Clock::now();
    const bool are_all = read_until_ == 0 || now >= read_all_at_;
    usage::Changes changes = ledger.changes(are_all ? 0 : read_until_);
    read_until_ = changes.until;
    read_all_at_ = are_all ? now + kAllAgain : read_all_at_;
    dead_letters_ = changes.dead_letters;
    letters_gauge_.set(static_cast<double>(changes.dead_letters));
    is_down_ = false;
    {
        const std::lock_guard lock(mutex_);
        foreign_schema_.reset();
    }
    const bool is_changed = parts_.spendings.learn(std::move(changes), are_all);
    if (is_changed)
        parts_.on_change();
}

// What comes back may be another repository, so all of it is read.
void Books::failed(const std::exception& failure, bool is_foreign)
{
    read_until_ = 0;
    if (!std::exchange(is_down_, true))
        telemetry::log_error("users and keys cannot be read", {{"error", failure.what()}});
    const std::lock_guard lock(mutex_);
    foreign_schema_ = is_foreign ? std::optional<std::string>(failure.what()) : std::nullopt;
}

} // namespace turngate::app
