#pragma once

#include "create.hpp"
#include "line.hpp"
#include "load_plan.hpp"

#include "turngate/net/task_group.hpp"

#include <memory>
#include <string>

namespace turngate::bench {

// What the clients of one thread share.
struct ClientRoom
{
    net::Loop& loop;
    net::Dialer& dialer;
    protocol::UpstreamEventReader& reader;
    const LoadPlan& plan;
    const Create& create;
    Tally& tally;
};

// One client: a connection, and turn after turn on it, each verified.
class Client final : private Line::Sink
{
public:
    explicit Client(const ClientRoom& room);

    // Connected before, or now. Counts why not.
    net::Task<bool> connect();

    // `offset`: this client's part of the phase's ramp.
    net::Task<> play(Phase phase, std::chrono::nanoseconds offset);

    // Closes in order and waits for the peer's answer.
    net::Task<> close();

private:
    net::Task<> read();
    net::Task<> take_turn();
    net::Task<> rest(std::chrono::nanoseconds time);
    void send_create();
    bool on_event(std::string_view event, core::Deadline now) override;
    void on_oddity(std::string_view what) override;
    void on_refusal(int status, std::string_view body) override;
    void on_answered() override;
    void measure_event(std::string_view event, core::Deadline now);

    ClientRoom room_;
    Verifier verifier_;
    net::Stop stop_;
    net::TaskGroup tasks_;
    net::Event over_;   // the turn
    net::Event closed_; // the connection
    net::Event rested_; // never set: a pause between turns
    std::unique_ptr<Line> line_;
    const std::string name_; // to a server that looks beyond the connection
    core::Deadline sent_at_{};
};

} // namespace turngate::bench
