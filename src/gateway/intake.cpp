#include "intake.hpp"

#include "turngate/protocol/close_code.hpp"
#include "turngate/protocol/error_event.hpp"
#include "turngate/telemetry/log.hpp"

#include <utility>

namespace turngate::gateway {
namespace {

using core::FaultCode;
using protocol::ClientEvent;
using protocol::ClientEventType;

constexpr unsigned kBadFramesInARow = 5;              // fixed by behaviour.md section 2
constexpr auto kRetryAfter = std::chrono::seconds(1); // a turn may end at any moment

bool is_control(ClientEventType type) noexcept
{
    switch (type) {
    case ClientEventType::interrupt:
    case ClientEventType::steer:
    case ClientEventType::inject:
    case ClientEventType::cancel:
        return true;
    case ClientEventType::create:
    case ClientEventType::processed:
        return false;
    }
    return false;
}

} // namespace

std::optional<protocol::Rejection> refuse_foreign(const ClientEvent& event,
                                                  const config::Config& config)
{
    if (!(event.has_conversation || event.has_item_reference) ||
        config.continuity.unknown_parent == config::UnknownParent::forward)
        return std::nullopt;
    return protocol::Rejection{
        FaultCode::invalid_request,
        "Stored conversations and items cannot be named here; use previous_response_id.",
        event.has_conversation ? "conversation" : "input",
        event.stream_id};
}

Intake::Intake(Rooms& rooms,
               net::WebSocket& socket,
               ClientOutput& client,
               SessionMemory& memory,
               core::ByteBudget& waiting)
    : rooms_(rooms), socket_(socket), client_(client), memory_(memory), waiting_(waiting)
{
}

std::optional<ClientEvent> Intake::read(const net::Frame& frame)
{
    if (frame.opcode == net::Opcode::binary) {
        refuse({FaultCode::invalid_request, "Messages must be text, not binary.", {}, {}});
        return std::nullopt;
    }
    auto event = rooms_.client_events.read(frame.payload);
    if (!event) {
        refuse(event.error());
        return std::nullopt;
    }
    bad_frames_ = 0;
    if (const auto refusal = refuse_foreign(*event, *rooms_.snapshot->config)) {
        refuse(*refusal);
        return std::nullopt;
    }
    // Answers to input give it back.
    if (is_control(event->type) && event->at.input && is_unread())
        return std::nullopt;
    return std::move(*event);
}

std::optional<WaitingTurn> Intake::admit(ClientEvent create, std::string_view frame)
{
    if (closed_for_) {
        tell(*closed_for_, create, {});
        return std::nullopt;
    }
    const std::string_view lane = create.stream_id ? *create.stream_id : std::string_view();
    switch (memory_.lanes.admits(lane)) {
    case Lanes::Verdict::fine:
        break;
    case Lanes::Verdict::too_many_names:
        refuse({FaultCode::stream_limit_reached,
                "Too many lanes were named on this connection.",
                "stream_id",
                create.stream_id});
        return std::nullopt;
    case Lanes::Verdict::too_many_waiting:
        tell(FaultCode::rate_limited, create, "Too many requests are waiting on this connection.");
        return std::nullopt;
    }
    WaitingTurn turn;
    if (!memory_.lanes.begins_at_once(lane) && !holds(turn, frame.size())) {
        tell(FaultCode::rate_limited, create, "Too much is waiting; try again later.");
        return std::nullopt;
    }
    turn.create = std::move(create);
    turn.frame = frame;
    turn.accepted_at = core::Clock::now();
    turn.started_at = core::wall_now();
    return turn;
}

// Until it is dropped, or a turn begins with it.
bool Intake::holds(WaitingTurn& turn, std::uint64_t bytes)
{
    memory_.waiting.set_most(rooms_.snapshot->config->limits.waiting_per_session);
    turn.of_session = core::ByteBudget::Share(memory_.waiting);
    turn.of_all = core::ByteBudget::Share(waiting_);
    return turn.of_session.resize(bytes) && turn.of_all.resize(bytes);
}

void Intake::refuse(const protocol::Rejection& rejection)
{
    protocol::ErrorDetail detail;
    detail.message = rejection.message;
    detail.param = rejection.param;
    if (rejection.stream_id)
        detail.stream_id = *rejection.stream_id;
    if (!tell(protocol::error_event(rejection.code, detail)))
        return;
    rooms_.metrics.bad_frames.add();
    telemetry::log_debug("client frame refused",
                         {{"session", memory_.facts.id},
                          {"fault", core::name_of(rejection.code)},
                          {"param", rejection.param}});
    if (++bad_frames_ >= kBadFramesInARow)
        socket_.close(protocol::policy_violation, "too many bad messages");
}

void Intake::tell(FaultCode code, const ClientEvent& create, std::string_view message)
{
    protocol::ErrorDetail detail;
    detail.message = message;
    if (create.stream_id)
        detail.stream_id = *create.stream_id;
    if (code == FaultCode::rate_limited)
        detail.retry_after = kRetryAfter;
    tell(protocol::error_event(code, detail));
}

// Whatever is answered would pile up before a client that reads nothing: it is closed.
bool Intake::is_unread()
{
    if (!socket_.is_congested())
        return false;
    socket_.close(protocol::policy_violation, "answers are not read");
    return true;
}

bool Intake::tell(std::string_view event)
{
    if (is_unread())
        return false;
    client_.send(event);
    return true;
}

} // namespace turngate::gateway
