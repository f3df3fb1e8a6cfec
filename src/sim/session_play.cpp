#include "session.hpp"

#include "verbatim.hpp"

#include <utility>

// The playing side of a session: moves become events, faults happen, lanes are freed.
namespace turngate::sim {
namespace {

constexpr std::size_t kPast = 64;

} // namespace

void Session::play(core::Deadline now)
{
    for (auto at = running_.begin(); at != running_.end();) {
        play_one(*at, now);
        // One that concluded may have let others start; they are at the end of the list.
        at = at->is_concluded && at->performance.is_done() ? running_.erase(at) : std::next(at);
    }
}

void Session::play_one(Running& running, core::Deadline now)
{
    Performance& performance = running.performance;
    while (performance.due() <= now && line_.is_open() && !line_.is_congested()) {
        const Move move = performance.take();
        perform(running, move);
        if (move.kind == Move::Kind::terminal || move.kind == Move::Kind::error)
            start_waiting(now);
    }
}

void Session::perform(Running& running, const Move& move)
{
    Performance& performance = running.performance;
    switch (move.kind) {
    case Move::Kind::error:
        fail(running, performance.act()->error->error);
        break;
    case Move::Kind::wait:
        performance.wait_for_outputs();
        break;
    case Move::Kind::fault:
        if (performance.act()->fault->kind == Fault::Kind::hang)
            performance.hang();
        else
            inflict(*performance.act()->fault);
        break;
    case Move::Kind::silent:
        performance.compose(move);
        break;
    case Move::Kind::metadata: // over HTTP it stands in the head
        if (!rules_.http)
            line_.send(performance.compose(move));
        break;
    case Move::Kind::scripted:
        if (performance.act()->events[move.item].is_raw)
            line_.send_raw(performance.compose(move));
        else
            line_.send(performance.compose(move));
        break;
    case Move::Kind::terminal:
        if (const auto event = performance.compose(move);
            !performance.act() || performance.act()->terminal != "none")
            line_.send(event);
        line_.conclude(performance.object());
        conclude(running, performance.status());
        break;
    default:
        line_.send(performance.compose(move));
    }
}

void Session::inflict(const Fault& fault)
{
    switch (fault.kind) {
    case Fault::Kind::reset:
        line_.reset();
        break;
    case Fault::Kind::eof:
        line_.end();
        break;
    case Fault::Kind::close:
        line_.close(fault.code, fault.reason);
        break;
    case Fault::Kind::half_open:
        line_.freeze();
        break;
    case Fault::Kind::no_pong:
        line_.stop_pongs();
        break;
    case Fault::Kind::garbage:
        line_.send(R"({"type":"response.output_text.delta","delta":)");
        break;
    case Fault::Kind::unknown_event:
        line_.send(R"({"type":"response.unheard_of","novelty":{"a":[1,2,3]}})");
        break;
    case Fault::Kind::binary:
        line_.send_binary(std::string_view("\x00\x01\xfe\xff", 4));
        break;
    case Fault::Kind::slow_read:
        line_.read_slowly(fault.bytes_per_second);
        break;
    case Fault::Kind::hang:
    case Fault::Kind::duplicate_terminal:
    case Fault::Kind::late_events:
        break; // of a response, not of the connection
    }
}

void Session::fail(Running& running, const Error& error)
{
    const Head& head = running.performance.head();
    Error said = in_dialect(error);
    if (!said.verbatim.empty())
        said.verbatim = fill_in(said.verbatim, head.id, head.lane);
    line_.send_error(said, head.lane);
    conclude(running, "error");
}

void Session::conclude(Running& running, std::string_view status)
{
    const Performance& performance = running.performance;
    const Head& head = performance.head();
    running.is_concluded = true;
    past_.push_back(head.id);
    if (past_.size() > kPast)
        past_.pop_front();
    ++world_.stats.responses[std::string(status)];
    transcript_.response(facts_.connection, head.id, head.lane, status);

    const bool has_failed = status == "error" || status == "failed";
    if (has_failed) {
        lanes_.failed(head.lane);
    } else {
        const ContextPtr context = performance.context();
        lanes_.finished(head.lane, context);
        if (head.store)
            world_.storage.keep(owner_, head.id, context, performance.record());
        if (performance.create().conversation)
            world_.storage.keep(owner_, *performance.create().conversation, context, {});
    }
    follow_steers(running, has_failed);
}

} // namespace turngate::sim
