#pragma once

#include "lanes.hpp"
#include "line.hpp"
#include "performance.hpp"
#include "world.hpp"

#include "turngate/core/clock.hpp"

#include <deque>
#include <list>
#include <map>
#include <string>
#include <string_view>
#include <vector>

namespace turngate::sim {

// The vendor's end of one connection: takes client events, answers on the line. No I/O and no timer
// of its own: whoever owns it calls `play` when `due` has come.
class Session
{
public:
    static constexpr std::size_t kPendingSteers = 8;

    Session(World& world, Transcript& transcript, RequestFacts facts, Line& line);
    ~Session();

    void on_message(std::string_view text, core::Deadline now);
    void play(core::Deadline now);
    core::Deadline due() const noexcept;
    // All that was asked for was answered, a script's afterthoughts included.
    bool is_idle() const noexcept { return running_.empty() && lanes_.waiting() == 0; }

    void inflict(const Fault& fault);
    void expire(); // the wall: the connection is too old

private:
    struct Running
    {
        Performance performance;
        std::vector<std::pair<std::string, Steer>> steers; // accepted, by id
        bool is_concluded = false; // its lane is free; what is left are a script's afterthoughts
    };
    struct WaitingSteers // for the tool outputs of a response
    {
        std::string lane;
        Input input;
    };

    void on_event(Create create, core::Deadline now);
    void on_event(Steer steer, core::Deadline now);
    void on_event(Interrupt interrupt, core::Deadline now);
    void on_event(Inject inject, core::Deadline now);
    void on_event(Processed, core::Deadline) {}
    void on_event(Refusal refusal, core::Deadline now);

    void start_waiting(core::Deadline now);
    void begin(Start start, core::Deadline now);
    void refuse(const Error& error, std::string_view lane);
    Error in_dialect(Error error) const;
    std::string next_id();
    void take_waiting_steers(Create& create);

    void play_one(Running& running, core::Deadline now);
    void perform(Running& running, const Move& move);
    void conclude(Running& running, std::string_view status);
    void fail(Running& running, const Error& error);
    void follow_steers(Running& running, bool has_failed);
    void ask_for_outputs(Running& running);

    Running* find(std::string_view response);
    bool was_here(std::string_view response) const;
    void steer_failed(const Steer& steer, std::string_view code, std::string_view lane);

    World& world_;
    Transcript& transcript_;
    const RequestFacts facts_;
    const ClientRules rules_;
    const std::string owner_; // the key
    Line& line_;
    Lanes lanes_;
    std::list<Running> running_;
    std::deque<std::string> past_; // responses that ended here, the latest ones
    std::map<std::string, WaitingSteers> waiting_steers_; // by the response that waits
    unsigned creates_;
    std::string only_id_; // of all responses, where the dialect has it so
};

} // namespace turngate::sim
