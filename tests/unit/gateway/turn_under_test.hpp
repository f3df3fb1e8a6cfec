#pragma once

#include "attempt.hpp"
#include "connected.hpp"
#include "recording_client.hpp"
#include "rooms_under_test.hpp"

#include <gtest/gtest.h>
#include <nlohmann/json.hpp>

#include <functional>
#include <map>
#include <memory>
#include <string>

namespace turngate::gateway::test {

// A create that runs, with what it needs to outlive it.
struct RunningTurn
{
    RunningTurn(Rooms& rooms,
                RecordingClient& client,
                const SessionFacts& facts,
                LaneMemory& lane,
                WaitingTurn waiting)
        : turn(rooms, client, facts, lane, std::move(waiting))
    {
    }

    Turn turn;
    std::optional<std::uint16_t> close_code; // set when it has ended
};

// Whole turns of one session: real rooms, a dialer and a journal in the test's hands, a client that
// records.
class TurnTest : public testing::Test
{
protected:
    TurnTest()
    {
        facts.id = 7;
        facts.secret = core::sha256("sk-alice");
        facts.tenant = "default/alice";
    }
    ~TurnTest() override
    {
        for (auto& running : turns_)
            running->turn.stop.request({core::FaultCode::client_gone, {}, "the test is over"});
        fakes::until(test.loop, [&] { return tasks_.running() == 0; });
    }

    void settle() { fakes::settle(test.loop); }

    RunningTurn& start(const std::string& frame)
    {
        auto create = test.rooms.client_events.read(frame).value();
        LaneMemory& lane = lanes[create.stream_id.value_or("")];
        WaitingTurn waiting{std::move(create), frame, core::Clock::now(), core::wall_now()};
        auto& running = *turns_.emplace_back(
            std::make_unique<RunningTurn>(test.rooms, client, facts, lane, std::move(waiting)));
        running.turn.id = "turn-" + std::to_string(turns_.size());
        tasks_.spawn("turn", fakes::keep(run_turn(running.turn), running.close_code));
        settle();
        return running;
    }
    void until_ended(const RunningTurn& running)
    {
        fakes::until(test.loop, [&] { return running.close_code.has_value(); });
    }

    // What the upstream of the n-th dial says.
    void say(const std::string& event, std::size_t dial = 0)
    {
        test.dialer.peer(dial).send(event);
        settle();
    }
    std::vector<std::string> heard(std::size_t dial = 0) { return test.dialer.peer(dial).texts(); }

    nlohmann::json last_event() const
    {
        return client.events.empty() ? nlohmann::json()
                                     : nlohmann::json::parse(client.events.back());
    }
    void expect_error(int status, const std::string& code)
    {
        EXPECT_EQ(last_event()["type"], "error") << code;
        EXPECT_EQ(last_event()["status"], status) << code;
        EXPECT_EQ(last_event()["error"]["code"], code);
    }
    std::optional<state::Binding> binding(const std::string& tenant, const std::string& response)
    {
        return fakes::run(test.loop, test.state->store().find_response(tenant, response));
    }
    const accounts::Account& account(const std::string& name = "main")
    {
        return *test.rooms.snapshot->accounts.find(name);
    }

    RoomsUnderTest test;
    RecordingClient client;
    SessionFacts facts;
    std::map<std::string, LaneMemory> lanes;

private:
    std::vector<std::unique_ptr<RunningTurn>> turns_;
    net::TaskGroup tasks_{test.loop};
};

inline const std::string kCreate = R"({"type":"response.create","model":"gpt-5.2","input":"hi"})";

inline std::string child_of(const std::string& parent)
{
    return R"({"type":"response.create","model":"gpt-5.2","input":"on","previous_response_id":")" +
           parent + R"("})";
}

} // namespace turngate::gateway::test
