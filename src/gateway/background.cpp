#include "background.hpp"

#include "call_stay.hpp"
#include "drains.hpp"
#include "event_log.hpp"
#include "session_memory.hpp"

#include <utility>

namespace turngate::gateway {
namespace {

// What its turn refers to; goes with it.
struct Run
{
    Run(Rooms& rooms, std::shared_ptr<EventLog> its_log, SessionFacts facts)
        : memory{std::move(facts)}, stay(rooms, memory.facts), log(std::move(its_log)),
          running(rooms.metrics.turns_running)
    {
        running.add(1);
    }
    ~Run()
    {
        running.add(-1);
        log->leave();
    }
    Run(const Run&) = delete;
    Run& operator=(const Run&) = delete;

    SessionMemory memory;
    const CallStay stay;
    const std::shared_ptr<EventLog> log;
    const telemetry::Gauge running;
};

} // namespace

void run_in_background(Rooms& rooms,
                       std::shared_ptr<EventLog> log,
                       SessionFacts facts,
                       Request request)
{
    auto run = std::make_shared<Run>(rooms, std::move(log), std::move(facts));
    request.turn.create = std::move(request.create.event);
    run->memory.lanes.enqueue(std::move(request.turn));
    auto next = *run->memory.lanes.next();
    next.lane.memory.turn_state = std::move(request.turn_state);
    auto turn = std::make_unique<Turn>(
        rooms, *run->log, run->memory.facts, next.lane.memory, std::move(next.turn));
    run->log->enter(*turn);
    const auto until = core::Clock::now() + rooms.snapshot->config->http.background_timeout;
    rooms.drains.run(std::move(turn), std::move(run), until);
}

} // namespace turngate::gateway
