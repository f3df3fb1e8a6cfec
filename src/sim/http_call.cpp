#include "http_call.hpp"

#include "sse.hpp"

#include <nlohmann/json.hpp>

#include <algorithm>
#include <array>
#include <charconv>
#include <utility>

namespace turngate::sim {
namespace {

using nlohmann::json;

constexpr std::size_t kHighWater = 1 << 20;
constexpr net::HttpExchange::Options kPatient{std::chrono::hours(1), kHighWater};

std::string head_of(int status, const net::HttpHeaders& headers)
{
    std::string bytes = "HTTP/1.1 " + std::to_string(status) + " ";
    bytes.append(net::reason_phrase(status)).append("\r\n");
    for (const auto& [name, value] : headers)
        bytes.append(name).append(": ").append(value).append("\r\n");
    return bytes.append("\r\n");
}

} // namespace

HttpCall::HttpCall(World& world,
                   Transcript& transcript,
                   net::Loop& loop,
                   net::Stream stream,
                   std::string leftover,
                   RequestFacts facts,
                   const net::HttpRequest& request)
    : world_(world), transcript_(transcript), facts_(std::move(facts)),
      exchange_(loop, std::move(stream), std::move(leftover), kPatient), changed_(loop),
      session_(world, transcript, facts_, *this), keeps_alive_(request.keep_alive),
      is_chunked_(!request.is_1_0), silent_since_(core::Clock::now())
{
}

net::Task<HttpCall::Ending> HttpCall::run(std::string body)
{
    exchange_.watch(*this);
    session_.on_message(body, core::Clock::now());
    play(core::Clock::now());
    while (!is_over()) {
        changed_.reset();
        const core::Deadline until = due();
        co_await changed_.wait_until(until);
        const auto now = core::Clock::now();
        keep_alive(now);
        play(now);
    }
    if (ending_ != Ending::reset)
        co_await exchange_.drained();
    if (!is_answered_ && !has_head_) {
        ++world_.stats.answers[0];
        transcript_.answer(facts_.connection, facts_.request, 0);
    }
    co_return ending_ == Ending::open && !keeps_alive_ ? Ending::eof : ending_;
}

bool HttpCall::is_over() const
{
    return exchange_.is_gone() || ending_ != Ending::open || (is_answered_ && session_.is_idle());
}

void HttpCall::play(core::Deadline now)
{
    do {
        session_.play(now);
        if (session_.is_idle() && is_open())
            finish();
        flush();
    } while (!is_over() && is_open() && !is_congested() && session_.due() <= now);
}

core::Deadline HttpCall::due() const
{
    if (frozen_ || is_congested())
        return core::Deadline::max();
    const bool may_say = has_head_ && streams_ && !is_answered_;
    const auto keepalive = may_say && form_.keepalive.count() > 0 ? silent_since_ + form_.keepalive
                                                                  : core::Deadline::max();
    return std::min(session_.due(), keepalive);
}

void HttpCall::keep_alive(core::Deadline now)
{
    const bool is_due = form_.keepalive.count() > 0 && has_head_ && streams_ && !is_answered_ &&
                        now - silent_since_ >= form_.keepalive;
    if (is_due && is_open())
        send_raw(form_.keepalive_text);
}

bool HttpCall::is_open() const
{
    return ending_ == Ending::open && !frozen_ && !exchange_.is_gone();
}

bool HttpCall::is_congested() const
{
    return exchange_.is_congested() || body_.size() > kHighWater;
}

void HttpCall::leave(Ending ending)
{
    if (ending_ != Ending::open)
        return;
    flush();
    ending_ = ending;
    changed_.set();
}

void HttpCall::begin(const Create& create, const Act* act)
{
    if (act)
        form_ = act->http;
    streams_ = form_.as == HttpForm::As::asked ? create.streams : form_.as == HttpForm::As::stream;
    if (act && !act->turn_state.empty())
        form_.headers.emplace_back("x-codex-turn-state", act->turn_state);
    is_chunked_ = is_chunked_ && form_.is_chunked;
    if (streams_ && (form_.head_first || form_.keepalive.count() > 0))
        write_head();
}

void HttpCall::add_common_headers(net::HttpHeaders& headers) const
{
    headers.add("date", net::http_date());
    headers.add("x-request-id",
                "req_" + std::to_string(facts_.connection) + "_" + std::to_string(facts_.request));
    for (const auto& [name, value] : form_.headers)
        headers.add(name, value);
}

void HttpCall::write_head()
{
    has_head_ = true;
    net::HttpHeaders headers;
    headers.add("content-type",
                form_.content_type.empty() ? "text/event-stream; charset=utf-8"
                                           : form_.content_type);
    headers.add("cache-control", "no-cache");
    add_common_headers(headers);
    if (is_chunked_)
        headers.add("transfer-encoding", "chunked");
    keeps_alive_ = keeps_alive_ && is_chunked_;
    if (!keeps_alive_)
        headers.add("connection", "close");
    out_.append(head_of(form_.status, headers));
    ++world_.stats.answers[form_.status];
    transcript_.answer(facts_.connection, facts_.request, form_.status);
}

void HttpCall::send(std::string_view event)
{
    if (!is_open() || is_answered_ || !streams_)
        return;
    if (!has_head_)
        write_head();
    ++world_.stats.events;
    append_sse(body_, form_.sse, event, static_cast<std::uint64_t>(events_++));
    silent_since_ = core::Clock::now();
}

void HttpCall::send_raw(std::string_view bytes)
{
    if (!is_open() || is_answered_ || !streams_)
        return;
    if (!has_head_)
        write_head();
    body_.append(bytes);
    silent_since_ = core::Clock::now();
}

// Before the head it is an answer of its own; behind it, an event.
void HttpCall::send_error(const Error& error, std::string_view)
{
    if (has_head_)
        send(error_event_in_stream(error, events_));
    else
        answer(error.status.value_or(500), error.headers, error_body(error));
}

void HttpCall::conclude(std::string_view response)
{
    if (!streams_)
        answer(form_.status, {}, response);
}

// `headers`: a JSON object, or nothing.
void HttpCall::answer(int status, std::string_view headers, std::string_view body)
{
    if (!is_open() || is_answered_)
        return;
    is_answered_ = true;
    net::HttpHeaders all;
    all.add("content-type", form_.content_type.empty() ? "application/json" : form_.content_type);
    add_common_headers(all);
    const json extra = headers.empty() ? json::object() : json::parse(headers);
    for (const auto& [name, value] : extra.items())
        all.add(name, value.is_string() ? value.get<std::string>() : value.dump());
    all.add("content-length", std::to_string(body.size()));
    if (!keeps_alive_)
        all.add("connection", "close");
    out_.append(head_of(status, all)).append(body);
    ++world_.stats.answers[status];
    transcript_.answer(facts_.connection, facts_.request, status);
}

// The stream ends in the write of its last event.
void HttpCall::finish()
{
    if (is_answered_)
        return;
    if (!has_head_) // there is nothing to be said
        return leave(Ending::eof);
    is_answered_ = true;
    if (form_.sse.says_done)
        body_.append("data: [DONE]").append(form_.sse.newline).append(form_.sse.newline);
}

void HttpCall::flush()
{
    if (frozen_ || ending_ != Ending::open)
        return;
    if (form_.sse.cut == 0) {
        frame(body_);
    } else {
        for (std::size_t at = 0; at < body_.size(); at += form_.sse.cut) {
            frame(std::string_view(body_).substr(at, form_.sse.cut));
            exchange_.write(std::exchange(out_, {}));
        }
    }
    body_.clear();
    if (has_head_ && is_chunked_ && is_answered_ && session_.is_idle() && streams_ && !is_closed_) {
        is_closed_ = true;
        out_.append("0\r\n\r\n");
    }
    if (!out_.empty()) {
        world_.stats.bytes_out += out_.size();
        exchange_.write(std::exchange(out_, {}));
    }
}

void HttpCall::frame(std::string_view piece)
{
    if (piece.empty())
        return;
    if (!is_chunked_) {
        out_.append(piece);
        return;
    }
    std::array<char, 16> size;
    const auto written = std::to_chars(size.data(), size.data() + size.size(), piece.size(), 16);
    out_.append(size.data(), written.ptr).append("\r\n").append(piece).append("\r\n");
}

} // namespace turngate::sim
