#include "event_log.hpp"

#include "event_logs.hpp"
#include "turn.hpp"

#include "turngate/protocol/background_event.hpp"
#include "turngate/protocol/error_event.hpp"
#include "turngate/protocol/http_answer.hpp"

#include <algorithm>
#include <utility>

namespace turngate::gateway {

using core::FaultCode;
using protocol::EventKind;
using protocol::Member;

EventLog::EventLog(EventLogs& logs, std::string tenant, core::Digest session, Limits limits)
    : logs_(logs), tenant_(std::move(tenant)), session_(session), limits_(limits),
      share_(logs.bytes())
{
}

EventLog::~EventLog() = default;

bool EventLog::is_congested() const
{
    return !is_whole_ && bytes_ > limits_.unread;
}

// However the turn ended, the response has an end.
void EventLog::leave()
{
    turn_ = nullptr;
    if (!is_over_)
        add(protocol::error_event(FaultCode::internal_error));
    tell();
}

void EventLog::cancel()
{
    if (!turn_ || is_over_)
        return;
    is_cancelled_ = true;
    turn_->stop.request({FaultCode::interrupted, {}, "cancelled"});
}

void EventLog::add_reader(Reader& reader)
{
    readers_.push_back(&reader);
}

void EventLog::remove_reader(Reader& reader)
{
    std::erase(readers_, &reader);
    advanced();
}

std::optional<std::uint64_t> EventLog::behind(std::int64_t number) const
{
    if (!is_whole_ || number > last_)
        return std::nullopt;
    const auto next = std::ranges::upper_bound(events_, number, {}, &Event::number);
    return first_ + static_cast<std::uint64_t>(next - events_.begin());
}

void EventLog::advanced()
{
    const bool was_congested = is_congested();
    trim();
    if (was_congested && bytes_ <= limits_.unread / 2 && turn_)
        turn_->on_writable();
}

void EventLog::add(std::string_view event)
{
    if (is_over_)
        return;
    const EventKind kind = protocol::peek_kind(event);
    if (kind == EventKind::error) {
        end_with_error(event);
        return;
    }
    if (protocol::is_terminal(kind)) {
        end_response(event, kind);
        return;
    }
    if (kind == EventKind::created)
        begin_response(protocol::peek_response_id(event));
    if (kind == EventKind::created || kind == EventKind::lifecycle)
        keep_object(protocol::peek_response(event));
    append(event);
}

// A second one is another try at the same turn. What nobody has seen of the first is gone.
void EventLog::begin_response(std::string_view id)
{
    if (!ids_.empty() && !is_streamed_) {
        first_ = end();
        events_.clear();
        bytes_ = 0;
        last_ = -1;
        is_whole_ = true;
    }
    if (id.empty() || std::ranges::find(ids_, id) != ids_.end())
        return;
    ids_.emplace_back(id);
    logs_.know(*this, ids_.back());
}

void EventLog::keep_object(std::string_view response)
{
    if (response.empty())
        return;
    const bool is_first = object_.empty();
    const Member background[] = {{"background", "true"}};
    object_ = protocol::with_members(response, background);
    if (is_first)
        tell(); // before it is another
}

void EventLog::append(std::string_view event)
{
    const auto number = protocol::peek_sequence_number(event);
    const bool rises = number && *number > last_;
    last_ = rises ? *number : last_ + 1;
    if (!is_whole_ && readers_.empty())
        return;
    Event& kept = events_.emplace_back(Event{last_, {}});
    kept.text = rises ? std::string(event) : protocol::with_sequence_number(event, last_);
    bytes_ += sizeof(Event) + kept.text.size();
    if (is_whole_ && (bytes_ > limits_.log || !share_.resize(bytes_ + object_.size())))
        overflow();
}

// Who reads it goes on, nobody else can.
void EventLog::overflow()
{
    is_whole_ = false;
    pay_for_object();
    logs_.note_overflow();
    trim();
}

void EventLog::trim()
{
    if (is_whole_)
        return;
    std::uint64_t needed = end();
    for (const Reader* reader : readers_)
        needed = std::min(needed, reader->at);
    for (; first_ < needed; ++first_) {
        bytes_ -= sizeof(Event) + events_.front().text.size();
        events_.pop_front();
    }
}

// What the gateway itself says of an end is little: the rest is what was known.
void EventLog::end_response(std::string_view event, EventKind kind)
{
    if (ids_.empty())
        begin_response(protocol::peek_response_id(event));
    const std::string_view response = protocol::peek_response(event);
    const bool is_told_whole =
        !response.empty() && (object_.empty() || !protocol::is_bare(response));
    is_over_ = true;
    if (is_told_whole) {
        keep_object(response);
        append(event);
    } else {
        object_ = protocol::with_end_of(object_, response);
        const Member cancelled[] = {{"status", R"("cancelled")"}};
        if (is_cancelled_ && kind == EventKind::incomplete)
            object_ = protocol::with_members(object_, cancelled);
        append(protocol::event_with(protocol::peek_type(event), object_));
    }
    logs_.note_end(*this);
    if (!is_whole_)
        pay_for_object();
}

// At the cost of those that ended long ago, and in the end of itself. One that runs holds a slot of
// its account, so they are few.
void EventLog::pay_for_object()
{
    while (!share_.resize(object_.size()) && logs_.forget_oldest()) {
    }
}

void EventLog::end_with_error(std::string_view event)
{
    if (ids_.empty()) {
        refusal_ = event;
        is_over_ = true;
        return;
    }
    end_response(protocol::failed_event(ids_.back(), event, last_ + 1), EventKind::failed);
}

void EventLog::tell()
{
    for (Reader* reader : readers_)
        reader->on_news();
}

} // namespace turngate::gateway
