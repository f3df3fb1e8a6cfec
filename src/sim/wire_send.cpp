#include "wire.hpp"

// The sending side of a wire.
namespace turngate::sim {
namespace {

constexpr std::size_t kKept = 64 * 1024; // a drained buffer larger than this is given back

} // namespace

void Wire::send(std::string_view event)
{
    if (!is_open())
        return;
    ++stats_.events;
    queue(net::Opcode::text, event);
}

void Wire::send_binary(std::string_view message)
{
    if (is_open())
        queue(net::Opcode::binary, message);
}

void Wire::queue(net::Opcode opcode, std::string_view payload)
{
    out_.append(net::make_header(net::Role::server, opcode, payload.size()).view()).append(payload);
}

void Wire::flush()
{
    if (queued() == 0 || writing_ || ended_ || frozen_)
        return;
    const net::IoResult result = stream_.try_write(std::string_view(out_).substr(written_));
    stats_.bytes_out += result.size;
    written_ += result.size;
    if (result.state == net::IoState::done) {
        written_ = 0;
        out_.clear();
        if (out_.capacity() > kKept)
            std::string().swap(out_);
    } else if (result.state != net::IoState::failed) {
        start_writer(); // of a failure the reader hears
    }
}

void Wire::start_writer()
{
    writing_ = true;
    tasks_.spawn("sim writer", write());
}

net::Task<> Wire::write()
{
    while (queued() > 0 && !ended_ && !frozen_) {
        const net::error_code error = co_await stream_.wait(net::Stream::Ready::write);
        if (error || ended_ || frozen_)
            break;
        const net::IoResult result = stream_.try_write(std::string_view(out_).substr(written_));
        stats_.bytes_out += result.size;
        written_ += result.size;
        if (result.state == net::IoState::failed)
            break;
        if (written_ > kHighWater) {
            out_.erase(0, written_);
            written_ = 0;
        }
    }
    writing_ = false;
    if (queued() == 0) {
        out_.clear();
        written_ = 0;
    }
    if (is_open())
        sink_->on_writable();
}

} // namespace turngate::sim
