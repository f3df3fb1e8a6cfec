#pragma once

#include "turngate/net/stream.hpp"

#include <memory>
#include <optional>

namespace turngate::net {

// Closes the stream when the deadline comes or the stop is requested, and knows which it was.
class Watchdog
{
public:
    Watchdog(Stream& stream, core::Deadline deadline, Stop* stop)
        : guarded_(std::make_shared<Guarded>(&stream)), timer_(stream.socket().get_executor()),
          stop_(stop)
    {
        timer_.expires_at(deadline);
        timer_.async_wait([guarded = guarded_](error_code error) {
            // It may have been queued when the watchdog went away: then there is nothing to guard
            // any more.
            if (error || !guarded->stream)
                return;
            guarded->expired = true;
            guarded->stream->close();
        });
        if (stop_)
            slot_.emplace(*stop_, *this);
    }
    ~Watchdog() { guarded_->stream = nullptr; }

    core::Fault fault(error_code cause, const char* where) const
    {
        if (is_stopped())
            return stop_->reason();
        const auto code =
            guarded_->expired ? core::FaultCode::upstream_timeout : core::FaultCode::upstream_lost;
        return {code, cause, where};
    }

    bool is_stopped() const { return stop_ && stop_->requested(); }

private:
    struct Guarded
    {
        Stream* stream;
        bool expired = false;
    };

    void close() { guarded_->stream->close(); }

    std::shared_ptr<Guarded> guarded_;
    Timer timer_;
    Stop* stop_;
    std::optional<Stop::Slot<Watchdog, &Watchdog::close>> slot_;
};

} // namespace turngate::net
