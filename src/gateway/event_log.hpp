#pragma once

#include "client_output.hpp"

#include "turngate/core/byte_budget.hpp"
#include "turngate/core/clock.hpp"
#include "turngate/core/id.hpp"
#include "turngate/protocol/upstream_event.hpp"

#include <cstdint>
#include <deque>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace turngate::gateway {

class EventLogs;
struct Turn;

// The client of a background response's turn (http.md section 10): keeps what it is told for
// whoever comes to read it, in one order with rising numbers. What nobody has streamed nobody has
// seen: it can be taken back. Beyond its limits it is no log any more, but a queue for those who
// read it just then; the response object is kept all the same. Single loop.
class EventLog final : public ClientOutput, public std::enable_shared_from_this<EventLog>
{
public:
    struct Limits
    {
        std::uint64_t log = 0;    // bytes of its events
        std::uint64_t unread = 0; // then, of what its slowest reader has yet to take
    };

    // Somebody who follows it, from `at` on.
    class Reader
    {
    public:
        // There is more, the response has got its object, or its turn is gone. Must not add or
        // remove readers.
        virtual void on_news() = 0;

        std::uint64_t at = 0; // of the next event

    protected:
        ~Reader() = default;
    };

    // The logs outlive it.
    EventLog(EventLogs& logs, std::string tenant, core::Digest session, Limits limits);
    ~EventLog();

    void forward(const net::Frame& frame) override { add(frame.payload); }
    void send(std::string_view event) override { add(event); }
    void flush() override { tell(); }
    void set_header(std::string_view name, std::string value) override
    {
        headers_.insert_or_assign(std::string(name), std::move(value));
    }
    bool is_congested() const override;
    bool shows_at_once() const override { return is_streamed_; }

    // The turn that writes it, from its beginning to its end.
    void enter(Turn& turn) noexcept { turn_ = &turn; }
    void leave();
    bool is_running() const noexcept { return turn_ != nullptr; }
    // It ends, and says so.
    void cancel();

    void add_reader(Reader& reader);
    void remove_reader(Reader& reader);
    // Whoever reads events: see shows_at_once().
    void note_streamed() noexcept { is_streamed_ = true; }
    // Where events with greater numbers begin. Nothing: there are none so great, or the log is
    // gone.
    std::optional<std::uint64_t> behind(std::int64_t number) const;
    std::uint64_t end() const noexcept { return first_ + events_.size(); }
    std::string_view event(std::uint64_t at) const { return events_[at - first_].text; }
    // A reader has got on.
    void advanced();

    bool is_over() const noexcept { return is_over_; }
    // Why the turn ended before there was a response: an error event; else empty.
    const std::string& refusal() const noexcept { return refusal_; }
    // For the answer to who began it.
    const std::map<std::string, std::string>& headers() const noexcept { return headers_; }
    // The newest response object; empty: none has begun.
    const std::string& object() const noexcept { return object_; }
    // Of the response; more than one, if it was tried again.
    const std::vector<std::string>& ids() const noexcept { return ids_; }
    const std::string& tenant() const noexcept { return tenant_; }
    const core::Digest& session() const noexcept { return session_; }

private:
    struct Event
    {
        std::int64_t number;
        std::string text;
    };

    void add(std::string_view event);
    void append(std::string_view event);
    void begin_response(std::string_view id);
    void keep_object(std::string_view response);
    void end_response(std::string_view event, protocol::EventKind kind);
    void end_with_error(std::string_view event);
    void overflow();
    void pay_for_object();
    void trim();
    void tell();

    EventLogs& logs_;
    const std::string tenant_;
    const core::Digest session_;
    const Limits limits_;
    Turn* turn_ = nullptr; // while it runs

    std::deque<Event> events_;
    std::uint64_t first_ = 0; // place of the first of them
    std::uint64_t bytes_ = 0; // of them
    std::int64_t last_ = -1;  // number
    core::ByteBudget::Share share_;
    std::map<std::string, std::string> headers_;
    std::vector<std::string> ids_;
    std::string object_;
    std::string refusal_;
    std::vector<Reader*> readers_;
    bool is_whole_ = true;
    bool is_streamed_ = false;
    bool is_cancelled_ = false;
    bool is_over_ = false;
};

} // namespace turngate::gateway
