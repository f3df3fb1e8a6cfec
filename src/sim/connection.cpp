#include "connection.hpp"

#include <algorithm>
#include <exception>
#include <utility>

namespace turngate::sim {

Connection::Connection(
    World& world, Transcript& transcript, RequestFacts facts, net::Loop& loop, net::Stream stream)
    : wire_(loop, std::move(stream), world.stats),
      session_(world, transcript, std::move(facts), wire_),
      expires_at_(core::Clock::now() + world.options.wall), changed_(loop), tasks_(loop)
{
}

net::Task<End> Connection::run(std::string leftover, std::optional<Fault> then)
{
    if (then) {
        pending_at_ = core::Clock::now() + then->delay;
        pending_ = std::move(then);
        drive();
    }
    std::exception_ptr bug;
    End end{"sim", "bug", 1006, {}};
    try {
        end = co_await wire_.run(*this, std::move(leftover));
    } catch (...) {
        bug = std::current_exception();
    }
    is_over_ = true;
    changed_.set();
    co_await tasks_.join();
    if (bug)
        std::rethrow_exception(bug);
    co_return end;
}

void Connection::on_message(std::string_view text)
{
    session_.on_message(text, core::Clock::now());
    drive();
}

void Connection::on_clock(core::Deadline now)
{
    if (now < expires_at_ || !wire_.is_open())
        return;
    session_.expire();
    wire_.flush();
}

core::Deadline Connection::due() const
{
    if (is_over_ || !wire_.is_open())
        return core::Deadline::max();
    // While the peer does not read, `on_writable` goes on with the session.
    return std::min(pending_at_, wire_.is_congested() ? core::Deadline::max() : session_.due());
}

void Connection::drive()
{
    const auto now = core::Clock::now();
    do_pending(now);
    do {
        session_.play(now);
        wire_.flush();
    } while (due() <= now);
    const auto next = due();
    if (next >= waits_for_)
        return;
    waits_for_ = next;
    if (std::exchange(keeps_time_, true))
        changed_.set();
    else
        tasks_.spawn("sim clock", keep_time());
}

void Connection::do_pending(core::Deadline now)
{
    if (now < pending_at_)
        return;
    pending_at_ = core::Deadline::max();
    session_.inflict(*pending_);
}

// Lives only while something is due.
net::Task<> Connection::keep_time()
{
    while (!is_over_ && waits_for_ != core::Deadline::max()) {
        changed_.reset();
        const bool has_changed = co_await changed_.wait_until(waits_for_);
        if (is_over_)
            break;
        if (has_changed)
            continue;
        waits_for_ = core::Deadline::max();
        drive();
    }
    keeps_time_ = false;
}

} // namespace turngate::sim
