#pragma once

#include "load_plan.hpp"

#include "turngate/net/dial.hpp"

#include <memory>
#include <span>
#include <string>
#include <string_view>

namespace turngate::bench {

// A client's connection, whatever it speaks: creates, one after the other, and the events that
// answer each. `run` must have returned before destruction.
class Line
{
public:
    // Called by the reader; must not destroy the line.
    class Sink
    {
    public:
        // The view dies with the call. `now`: of the read that brought it. True: the turn's last.
        virtual bool on_event(std::string_view event, core::Deadline now) = 0;
        // What came can be no event.
        virtual void on_oddity(std::string_view what) = 0;
        // A status instead of events.
        virtual void on_refusal(int status, std::string_view body) = 0;
        // The next create may be sent. Whatever belongs to the turn has come.
        virtual void on_answered() = 0;

    protected:
        ~Sink() = default;
    };

    virtual ~Line() = default;

    // To its end.
    virtual net::Task<> run(Sink& sink) = 0;
    virtual void ask(std::span<const std::string_view> create) = 0;
    virtual bool is_open() const noexcept = 0;
    // In order; and now.
    virtual void close() = 0;
    virtual void abort() = 0;
};

using LineResult = boost::system::result<std::unique_ptr<Line>, net::DialFault>;

// Speaks what the plan's URL says. `client`: who it is, to a server that looks beyond the
// connection.
net::Task<LineResult> open_line(net::Loop& loop,
                                net::Dialer& dialer,
                                const LoadPlan& plan,
                                const std::string& client,
                                core::Deadline deadline,
                                net::Stop& stop);

} // namespace turngate::bench
