#pragma once

#include "endable.hpp"
#include "session.hpp"
#include "wire.hpp"

#include <optional>
#include <string>

namespace turngate::sim {

// An upgraded connection: the session, the wire, and the clock between them.
class Connection : public Endable, private Wire::Sink
{
public:
    Connection(World& world,
               Transcript& transcript,
               RequestFacts facts,
               net::Loop& loop,
               net::Stream stream);

    // Until it has ended. `then`: what a script does right after the upgrade.
    net::Task<End> run(std::string leftover, std::optional<Fault> then);

    void close(std::uint16_t code, std::string_view reason) override { wire_.close(code, reason); }
    void reset() override { wire_.reset(); }

private:
    void on_message(std::string_view text) override;
    void on_writable() override { drive(); }
    void on_clock(core::Deadline now) override;

    void drive();
    core::Deadline due() const;
    net::Task<> keep_time();
    void do_pending(core::Deadline now);

    Wire wire_;
    Session session_;
    std::optional<Fault> pending_;
    core::Deadline pending_at_ = core::Deadline::max();
    core::Deadline expires_at_;
    core::Deadline waits_for_ = core::Deadline::max(); // what the time keeper sleeps until
    net::Event changed_;
    net::TaskGroup tasks_;
    bool keeps_time_ = false;
    bool is_over_ = false;
};

} // namespace turngate::sim
