#include "client.hpp"

#include "interrupt.hpp"

#include <utility>

namespace turngate::bench {
namespace {

constexpr std::chrono::seconds kConnectTimeout(10);
constexpr std::uint64_t kMaxMessage = 64 << 20;

net::WebSocketOptions socket_options()
{
    net::WebSocketOptions options;
    options.role = net::Role::client;
    options.limits.max_message = kMaxMessage;
    options.ping_interval =
        std::chrono::milliseconds(0); // an idle client must cost its proxy nothing
    return options;
}

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
      over_(room.loop), closed_(room.loop), rested_(room.loop)
{
}

net::DialTarget Client::target() const
{
    net::DialTarget target{room_.plan.url, {}, {}};
    target.headers.add("authorization", "Bearer " + room_.plan.key);
    target.headers.add("user-agent", "turngate-bench");
    return target;
}

net::Task<bool> Client::connect()
{
    if (socket_ && socket_->is_open())
        co_return true;
    co_await close();
    const auto begun = core::Clock::now();
    net::DialTarget to = target();
    auto dialed =
        co_await room_.dialer.dial(room_.loop, std::move(to), begun + kConnectTimeout, stop_);
    if (!dialed) {
        ++room_.tally.refusals[reason_of(dialed.error())];
        co_return false;
    }
    ++room_.tally.connects;
    room_.tally.connect.record(core::Clock::now() - begun);
    closed_.reset();
    socket_.emplace(room_.loop, std::move(dialed->stream), socket_options());
    tasks_.spawn("bench reader", read(std::move(dialed->leftover)));
    co_return true;
}

net::Task<> Client::read(std::string leftover)
{
    co_await socket_->run(*this, std::move(leftover));
    if (verifier_.is_in_turn())
        ++room_.tally.lost;
    verifier_.start_over();
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
    verifier_.start_over();
    socket_->abort(); // what still comes belongs to a turn that nobody waits for
    co_await closed_.wait_until(core::Deadline::max());
}

void Client::send_create()
{
    const std::string parent = room_.plan.chain ? verifier_.response_id() : std::string();
    const auto pieces = room_.create.pieces(parent);
    verifier_.begin_turn();
    sent_at_ = core::Clock::now();
    socket_->send_text(pieces);
}

net::Task<> Client::rest(std::chrono::nanoseconds time)
{
    if (time.count() > 0)
        co_await rested_.wait_until(core::Clock::now() + time);
}

net::Task<> Client::close()
{
    if (!socket_)
        co_return;
    socket_->close(1000, "");
    co_await closed_.wait_until(core::Deadline::max()); // the socket gives the peer 1 s
    co_await tasks_.join();
    socket_.reset();
}

void Client::on_messages(std::span<const net::Frame> messages)
{
    const auto now = core::Clock::now(); // one look for all that one read brought
    for (const net::Frame& message : messages)
        on_event(message, now);
}

void Client::on_event(const net::Frame& message, core::Deadline now)
{
    if (message.opcode != net::Opcode::text) {
        room_.tally.add(Violation::not_text, {});
        return;
    }
    const Progress progress = verifier_.on_event(message.payload);
    if (progress == Progress::first)
        room_.tally.first_event.record(now - sent_at_);
    if (room_.plan.clock)
        measure_event(message.payload, now);
    if (progress == Progress::ended) {
        room_.tally.turn.record(now - sent_at_);
        over_.set();
    }
}

void Client::measure_event(std::string_view event, core::Deadline now)
{
    const auto sent = find_number(event, R"("t":)");
    if (sent)
        room_.tally.event.record(now.time_since_epoch() - std::chrono::nanoseconds(*sent));
}

} // namespace turngate::bench
