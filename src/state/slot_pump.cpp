#include "slot_ledger.hpp"
#include "slot_queue.hpp"

#include <algorithm>
#include <utility>

namespace turngate::state {
namespace {

using namespace std::chrono_literals;

constexpr unsigned kBatch = 16;
constexpr auto kRetry = 1s; // a notice may be lost, and a lease that ends is told to nobody

} // namespace

struct Slots::Want
{
    unsigned count = 0;
    unsigned limit = 0;
    std::chrono::milliseconds waited{0};
    bool was_blocked = false;
};

// With the mutex held. True: the caller starts it.
bool Slots::needs_pump()
{
    if (!is_counted_elsewhere() || is_pumping_ || waiting_->is_empty() || room() == 0)
        return false;
    return is_pumping_ = true;
}

void Slots::start_pump(net::Loop& loop)
{
    ledger_->spawn(loop, "slots", pump(shared_from_this(), loop));
}

net::Task<> Slots::pump(std::shared_ptr<Slots> slots, net::Loop& loop)
{
    SlotLedger& ledger = *slots->ledger_;
    for (;;) {
        const Want want = slots->want();
        if (want.count == 0) {
            if (want.was_blocked)
                ledger.leave(loop, slots->name_);
            co_return;
        }
        SlotLedger::Ask ask{slots->name_, want.limit, want.count, want.waited};
        const auto permits = co_await ledger.take(loop, std::move(ask));
        slots->hand_out(want.count, permits);
        if (permits.size() < want.count)
            co_await slots->until_worth_asking(loop);
    }
}

Slots::Want Slots::want()
{
    const std::lock_guard lock(mutex_);
    is_noticed_ = false;
    const auto most = std::min<std::size_t>(waiting_->size(), room());
    const auto count = std::min(static_cast<unsigned>(most), kBatch);
    if (count == 0) {
        is_pumping_ = false;
        return {.was_blocked = std::exchange(is_blocked_, false)};
    }
    used_ += count;
    asked_ += count;
    const auto waited = core::Clock::now() - waiting_->oldest();
    return {count, limit_, std::chrono::duration_cast<std::chrono::milliseconds>(waited)};
}

// Whoever is first by now: those the permits were asked for may have left.
void Slots::hand_out(unsigned asked, const std::vector<Permit>& permits)
{
    const std::size_t given = std::min<std::size_t>(asked, permits.size());
    std::vector<std::shared_ptr<SlotWaiter>> lucky;
    {
        const std::lock_guard lock(mutex_);
        asked_ -= asked;
        is_blocked_ = given < asked;
        while (lucky.size() < given) {
            auto next = waiting_->take_next();
            if (!next)
                break;
            next->permit = permits[lucky.size()];
            lucky.push_back(std::move(next));
        }
        note_queue();
        used_ -= asked - static_cast<unsigned>(lucky.size());
    }
    for (std::size_t spare = lucky.size(); spare < given; ++spare)
        ledger_->give_back(name_, permits[spare]);
    for (std::shared_ptr<SlotWaiter>& waiter : lucky)
        SlotWaiter::wake(std::move(waiter));
}

net::Task<> Slots::until_worth_asking(net::Loop& loop)
{
    const auto sleeper = std::make_shared<SlotWaiter>(loop, std::string());
    {
        const std::lock_guard lock(mutex_);
        if (is_noticed_ || waiting_->is_empty())
            co_return;
        sleeping_pump_ = sleeper;
    }
    const auto retry_at = core::Clock::now() + kRetry;
    co_await sleeper->event.wait_until(retry_at);
    const std::lock_guard lock(mutex_);
    sleeping_pump_.reset();
}

void Slots::on_notice()
{
    wake_pump();
}

void Slots::wake_pump()
{
    if (!ledger_)
        return;
    std::shared_ptr<SlotWaiter> sleeper;
    {
        const std::lock_guard lock(mutex_);
        is_noticed_ = is_pumping_;
        sleeper = std::move(sleeping_pump_);
        sleeping_pump_.reset();
    }
    if (sleeper)
        SlotWaiter::wake(std::move(sleeper));
}

} // namespace turngate::state
