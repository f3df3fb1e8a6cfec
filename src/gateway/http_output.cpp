#include "http_output.hpp"

#include "cors.hpp"

#include "turngate/net/http.hpp"
#include "turngate/protocol/codex_event.hpp"

#include <algorithm>
#include <array>
#include <charconv>
#include <utility>

namespace turngate::gateway {
namespace {

using protocol::EventKind;

constexpr std::string_view kJson = "application/json";
constexpr std::string_view kEvents = "text/event-stream; charset=utf-8";
constexpr std::string_view kLastChunk = "0\r\n\r\n";
constexpr std::string_view kSpace = " "; // before a JSON text it is nothing
constexpr std::string_view kComment = ": keepalive\n\n";

// Larger payloads are not copied: a few hundred bytes cost less so than as pieces of a system call.
constexpr std::size_t kCopied = 1024;
constexpr std::size_t kKeepText = 128 * 1024; // a buffer larger than this is given back

std::string chunk_size(std::size_t size)
{
    std::array<char, 16> digits;
    const auto end = std::to_chars(digits.data(), digits.data() + digits.size(), size, 16).ptr;
    return std::string(digits.data(), end).append("\r\n");
}

// Of a body whose head was sent.
std::string piece_of(std::string_view body, bool is_1_0)
{
    return is_1_0 ? std::string(body) : chunk_size(body.size()).append(body).append("\r\n");
}

} // namespace

std::string HttpOutput::head(int status, std::string_view content_type) const
{
    std::string head = "HTTP/1.1 " + std::to_string(status) + " ";
    head.append(net::reason_phrase(status)).append("\r\nx-request-id: ").append(facts_.request_id);
    head.append("\r\ndate: ").append(net::http_date());
    head.append("\r\ncontent-type: ").append(content_type).append("\r\n");
    if (!facts_.turn_state.empty())
        head.append(protocol::kTurnState).append(": ").append(facts_.turn_state).append("\r\n");
    for (const auto& [name, value] : facts_.headers)
        head.append(name).append(": ").append(value).append("\r\n");
    for (const auto& [name, value] : cors_headers(facts_.origin))
        head.append(name).append(": ").append(value).append("\r\n");
    if (!facts_.keep_alive)
        head += "connection: close\r\n";
    else if (facts_.is_1_0)
        head += "connection: keep-alive\r\n";
    return head;
}

std::string HttpOutput::open_head(std::string_view content_type, std::string_view more)
{
    has_head_ = true;
    const bool is_chunked = !facts_.is_1_0;
    facts_.keep_alive = facts_.keep_alive && is_chunked;
    return head(200, content_type).append(more) +
           (is_chunked ? "transfer-encoding: chunked\r\n\r\n" : "\r\n");
}

void HttpOutput::set_header(std::string_view name, std::string value)
{
    const auto had = std::ranges::find(
        facts_.headers, name, [](const auto& one) { return std::string_view(one.first); });
    if (had == facts_.headers.end())
        facts_.headers.emplace_back(name, std::move(value));
    else
        had->second = std::move(value);
}

void HttpOutput::answer(protocol::HttpAnswer answer)
{
    is_over_ = true;
    if (has_head_) {
        exchange_.write(piece_of(answer.body, facts_.is_1_0));
        if (!facts_.is_1_0)
            exchange_.write(std::string(kLastChunk));
        return;
    }
    std::string bytes = head(answer.status, kJson);
    for (const auto& [name, value] : answer.headers)
        bytes.append(name).append(": ").append(value).append("\r\n");
    bytes.append("content-length: ").append(std::to_string(answer.body.size()));
    bytes.append("\r\n\r\n").append(answer.body);
    exchange_.write(std::move(bytes));
}

void EventStream::send(std::string_view event)
{
    if (is_over_)
        return;
    const EventKind kind = protocol::peek_kind(event);
    if (kind == EventKind::error) {
        end_with_error(event);
        return;
    }
    append_kept(std::string(event));
    if (protocol::is_terminal(kind))
        write(true);
}

// Codex does not hear an error event, and takes what follows a begun response from its own end
// alone (http.md section 4).
void EventStream::end_with_error(std::string_view event)
{
    if (!has_head_) {
        text_.clear();
        large_.clear();
        answer(protocol::answer_to_error(event));
        return;
    }
    append_kept(response_id_.empty() ? protocol::flat_error_event(event, events_)
                                     : protocol::failed_event(response_id_, event, events_));
    write(true);
}

// It lives until the next flush.
void EventStream::append_kept(std::string event)
{
    append(kept_.emplace_back(std::move(event)));
}

void EventStream::append(std::string_view payload)
{
    if (payload.find('\n') != payload.npos || payload.find('\r') != payload.npos) {
        std::string& line = kept_.emplace_back(payload);
        std::ranges::replace_if(line, [](char c) { return c == '\r' || c == '\n'; }, ' ');
        payload = line; // an event's data is one line
    }
    const std::string_view type = protocol::peek_type(payload);
    if (response_id_.empty() && protocol::peek_kind(payload) == EventKind::created)
        response_id_ = protocol::peek_response_id(payload);
    if (type == "response.metadata" && !protocol::peek_turn_state(payload).empty()) {
        facts_.turn_state = protocol::header_value(protocol::peek_turn_state(payload));
        return; // no event of it has an effect in Codex (http.md section 4)
    }
    if (!has_head_ && type == protocol::kRateLimits)
        for (auto& [name, value] : protocol::rate_limit_headers(payload)) // as Codex reads them
            set_header(name, std::move(value));
    if (!type.empty())
        text_.append("event: ").append(type).append("\n");
    text_.append("data: ");
    append_payload(payload);
    text_.append("\n\n");
    ++events_;
}

void EventStream::append_payload(std::string_view payload)
{
    if (payload.size() <= kCopied)
        text_.append(payload);
    else
        large_.push_back({text_.size(), payload});
}

void EventStream::flush()
{
    if (!text_.empty())
        write(false);
    exchange_.flush();
}

void EventStream::open()
{
    if (!has_head_ && !is_over_)
        write(false);
}

void EventStream::close()
{
    if (!is_over_)
        write(true);
}

// All that is gathered, as one chunk.
void EventStream::write(bool is_last)
{
    if (!has_head_) {
        head_ = open_head(kEvents, "cache-control: no-cache\r\nx-accel-buffering: no\r\n");
        exchange_.borrow(head_);
    }
    std::size_t size = text_.size();
    for (const Large& large : large_)
        size += large.payload.size();
    if (size > 0 && !facts_.is_1_0) {
        size_ = chunk_size(size);
        exchange_.borrow(size_);
        text_.append("\r\n"); // the chunk's end
    }
    if (is_last && !facts_.is_1_0)
        text_.append(kLastChunk);
    borrow_gathered();
    exchange_.flush();
    text_.clear();
    if (text_.capacity() > kKeepText)
        std::string().swap(text_);
    large_.clear();
    kept_.clear();
    last_write_ = core::Clock::now();
    is_over_ = is_over_ || is_last;
}

void EventStream::borrow_gathered()
{
    std::string_view text = text_;
    for (const Large& large : large_) {
        const std::size_t before = large.at - (text_.size() - text.size());
        exchange_.borrow(text.substr(0, before));
        exchange_.borrow(large.payload);
        text.remove_prefix(before);
    }
    exchange_.borrow(text);
}

void EventStream::keep_alive(core::Deadline now, const config::Http& rules)
{
    if (is_over_)
        return;
    if (!has_head_) {
        if (now - begun_ >= rules.head_after)
            write(false);
        return;
    }
    if (now - last_write_ < rules.keepalive)
        return;
    text_.append(kComment);
    write(false);
}

void Document::keep_alive(core::Deadline now, const config::Http& rules)
{
    const bool is_due = now - last_write_ >= (has_head_ ? rules.keepalive : rules.head_after);
    if (is_over_ || !rules.document_keepalive || !is_due)
        return;
    if (!has_head_)
        exchange_.write(open_head(kJson));
    exchange_.write(piece_of(kSpace, facts_.is_1_0));
    exchange_.flush();
    last_write_ = now;
}

void Document::note(std::string_view event)
{
    const EventKind kind = protocol::peek_kind(event);
    has_output_ = has_output_ || kind == EventKind::content || kind == EventKind::delta ||
                  kind == EventKind::item_done;
}

void Document::send(std::string_view event)
{
    const EventKind kind = protocol::peek_kind(event);
    if (is_over_ || !protocol::is_terminal(kind)) {
        note(event);
        return;
    }
    const std::string_view response = protocol::peek_response(event);
    if (kind == EventKind::error || response.empty()) // an end without its response is none
        answer(protocol::answer_to_error(event));
    else if (kind == EventKind::failed && !has_output_)
        answer(protocol::answer_to_failure(event));
    else
        answer({.status = 200, .body = std::string(response)});
}

} // namespace turngate::gateway
