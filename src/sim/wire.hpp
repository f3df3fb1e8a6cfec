#pragma once

#include "end.hpp"
#include "line.hpp"
#include "stats.hpp"

#include "turngate/net/frame.hpp"
#include "turngate/net/stream.hpp"
#include "turngate/net/task_group.hpp"

#include <span>
#include <string>
#include <string_view>

namespace turngate::sim {

// A WebSocket server connection that can also misbehave. Not net::WebSocket, which is made never
// to: what the gateway is tested against shares the frame codec with it and no more.
class Wire : public Line, private net::Ticked
{
public:
    static constexpr std::size_t kHighWater = 1 << 20;

    class Sink
    {
    public:
        virtual void on_message(std::string_view text) = 0;
        virtual void on_writable() = 0;
        virtual void on_clock(core::Deadline now) = 0; // ten times a second

    protected:
        ~Sink() = default;
    };

    Wire(net::Loop& loop, net::Stream stream, Stats& stats);
    ~Wire() override;

    // Until the connection has ended. `leftover` came together with the upgrade.
    net::Task<End> run(Sink& sink, std::string leftover);

    // Messages are gathered; flush writes them at once.
    void send(std::string_view event) override;
    void send_binary(std::string_view message) override;
    void flush();

    void close(std::uint16_t code, std::string_view reason) override;
    void reset() override;
    void end() override;
    void freeze() override;
    void stop_pongs() override { pongs_ = false; }
    void read_slowly(unsigned bytes_per_second) override;
    bool is_open() const override { return !ended_ && !leaving_ && !frozen_; }
    bool is_congested() const override { return queued() > kHighWater; }

private:
    net::Task<> read();
    net::Task<> pause_reading();
    net::Task<> write();
    void take_in(std::span<char> bytes);
    void on_frame(const net::Frame& frame);
    void on_close(std::string_view payload);
    void on_violation(std::uint16_t code, std::string_view what);
    void queue(net::Opcode opcode, std::string_view payload);
    void start_writer();
    void leave(End end);
    void lose(const net::error_code& error);
    void on_tick(core::Deadline now) override;
    std::size_t queued() const noexcept { return out_.size() - written_; }
    std::size_t read_limit() const noexcept;

    net::Loop& loop_;
    net::Stream stream_;
    Stats& stats_;
    net::FrameParser parser_;
    Sink* sink_ = nullptr;
    std::vector<net::Frame> frames_;

    std::string out_;
    std::size_t written_ = 0; // of out_
    End end_;
    net::Event awake_; // ends a pause of the reader
    net::TaskGroup tasks_;
    core::Deadline gone_by_ = core::Deadline::max();
    unsigned bytes_per_second_ = 0;

    bool ended_ = false;
    bool leaving_ = false; // we said goodbye: what still comes is not looked at
    bool frozen_ = false;
    bool slow_ = false;
    bool pongs_ = true;
    bool writing_ = false;
};

} // namespace turngate::sim
