#include "client.hpp"

#include "interrupt.hpp"

#include "turngate/core/id.hpp"

#include <utility>

namespace turngate::bench {
namespace {

constexpr std::chrono::seconds kConnectTimeout(10);
std::string reason_of(const net::DialFault& fault)
{
    std::string reason(core::name_of(fault.fault.code));
    if (fault.fault.status != 0)
        reason += ' ' + std::to_string(fault.fault.status);
    if (fault.fault.cause)
        reason += ": " + fault.fault.cause.message();
    return reason;
}

} // namespace

Client::Client(const ClientRoom& room)
    : room_(room), verifier_(room.plan.deltas, room.reader, room.tally), tasks_(room.loop),
      over_(room.loop), closed_(room.loop), rested_(room.loop), name_("bench-" + core::uuid7())
{
}

net::Task<bool> Client::connect()
{
    if (line_ && line_->is_open())
        co_return true;
    co_await close();
    const auto begun = core::Clock::now();
    const auto deadline = begun + kConnectTimeout;
    auto line = co_await open_line(room_.loop, room_.dialer, room_.plan, name_, deadline, stop_);
    if (!line) {
        ++room_.tally.refusals[reason_of(line.error())];
        co_return false;
    }
    ++room_.tally.connects;
    room_.tally.connect.record(core::Clock::now() - begun);
    closed_.reset();
    line_ = std::move(*line);
    tasks_.spawn("bench reader", read());
    co_return true;
}

net::Task<> Client::read()
{
    co_await line_->run(*this);
    if (verifier_.is_in_turn())
        ++room_.tally.lost;
    verifier_.start_over(room_.plan.stored);
    closed_.set();
    over_.set();
}

net::Task<> Client::play(Phase phase, std::chrono::nanoseconds offset)
{
    co_await rest(offset);
    for (std::uint64_t turn = 0; turn < phase.turns; ++turn) {
        if (is_interrupted() || core::Clock::now() >= phase.until)
            break;
        const bool connected = co_await connect();
        if (!connected)
            break;
        co_await take_turn();
        if (room_.plan.reconnect)
            co_await close();
        co_await rest(room_.plan.think);
    }
}

net::Task<> Client::take_turn()
{
    over_.reset();
    send_create();
    const bool ended = co_await over_.wait_until(sent_at_ + room_.plan.turn_timeout);
    if (ended || !verifier_.is_in_turn())
        co_return;
    ++room_.tally.timeouts;
    verifier_.start_over(room_.plan.stored);
    line_->abort(); // what still comes belongs to a turn that nobody waits for
    co_await closed_.wait_until(core::Deadline::max());
}

void Client::send_create()
{
    const std::string parent = room_.plan.chain ? verifier_.response_id() : std::string();
    const auto pieces = room_.create.pieces(parent);
    verifier_.begin_turn();
    sent_at_ = core::Clock::now();
    line_->ask(pieces);
}

net::Task<> Client::rest(std::chrono::nanoseconds time)
{
    if (time.count() > 0)
        co_await rested_.wait_until(core::Clock::now() + time);
}

net::Task<> Client::close()
{
    if (!line_)
        co_return;
    line_->close();
    co_await closed_.wait_until(core::Deadline::max()); // a socket gives its peer 1 s
    co_await tasks_.join();
    line_.reset();
}

bool Client::on_event(std::string_view event, core::Deadline now)
{
    const Progress progress = verifier_.on_event(event);
    if (progress == Progress::first)
        room_.tally.first_event.record(now - sent_at_);
    if (room_.plan.clock)
        measure_event(event, now);
    if (progress == Progress::ended)
        room_.tally.turn.record(now - sent_at_);
    return progress == Progress::ended;
}

void Client::on_oddity(std::string_view what)
{
    room_.tally.add(Violation::no_event, what);
}

void Client::on_refusal(int status, std::string_view body)
{
    const std::string_view code = find_text(body, R"("code":)").value_or(std::string_view());
    room_.tally.add_error(std::to_string(status) + (code.empty() ? "" : " ") + std::string(code));
    verifier_.start_over(room_.plan.stored);
}

void Client::on_answered()
{
    if (verifier_.is_in_turn()) { // without its end
        ++room_.tally.lost;
        verifier_.start_over(room_.plan.stored);
    }
    over_.set();
}

void Client::measure_event(std::string_view event, core::Deadline now)
{
    const auto sent = find_number(event, R"("t":)");
    if (sent)
        room_.tally.event.record(now.time_since_epoch() - std::chrono::nanoseconds(*sent));
}

} // namespace turngate::bench
