#include "log_call.hpp"

#include "background.hpp"
#include "response_answer.hpp"
#include "stored_response.hpp"

#include <utility>

namespace turngate::gateway {
namespace {

using What = ResponseQuestion::What;

constexpr std::size_t kPiece = 64 * 1024; // of a log, in one write

// Reads the log while it lives.
class Reading
{
public:
    Reading(EventLog& log, EventLog::Reader& reader) : log_(log), reader_(reader)
    {
        log_.add_reader(reader_);
    }
    ~Reading() { log_.remove_reader(reader_); }
    Reading(const Reading&) = delete;
    Reading& operator=(const Reading&) = delete;

private:
    EventLog& log_;
    EventLog::Reader& reader_;
};

protocol::HttpAnswer ok(std::string body)
{
    return {.status = 200, .body = std::move(body)};
}

} // namespace

LogCall::LogCall(
    Rooms& rooms, EventLogs& logs, ClientBytes& client_bytes, net::Stream stream, Guest guest)
    : HttpCall(rooms, std::move(stream), std::move(guest.leftover)), logs_(logs),
      facts_(std::move(guest.facts)), wants_(std::move(guest.wants)), share_(client_bytes.answers),
      changed_(rooms.loop)
{
    auto* const create = std::get_if<Request>(&wants_);
    auto* const question = std::get_if<LogQuestion>(&wants_);
    AnswerFacts answer = create ? create->answer : question->answer;
    answer.keep_alive = answer.keep_alive && !rooms.is_draining;
    if (create ? create->create.streams : question->asks.streams) {
        auto events = std::make_unique<EventStream>(exchange_, std::move(answer));
        stream_ = events.get();
        client_ = std::move(events);
    } else {
        client_ = std::make_unique<Document>(exchange_, std::move(answer));
    }
}

LogCall::~LogCall() = default;

// Whatever else it waits for ends then.
void LogCall::shut_down()
{
    stop_.request({core::FaultCode::gateway_draining, {}, "shutdown deadline"});
}

net::Task<> LogCall::answer()
{
    if (auto* const create = std::get_if<Request>(&wants_))
        co_await begin(std::move(*create));
    else
        co_await tell(std::move(std::get<LogQuestion>(wants_)));
}

net::Task<> LogCall::begin(Request request)
{
    log_ = logs_.open(facts_.tenant, facts_.key);
    has_begun_it_ = true;
    if (stream_)
        log_->note_streamed();
    const Reading reading(*log_, *this);
    is_reading_ = stream_ != nullptr;
    run_in_background(rooms_, log_, std::move(facts_), std::move(request));
    if (stream_) {
        pump();
        co_await until([this] { return client_->is_over(); });
        co_return;
    }
    co_await until([this] { return !first_object_.empty() || log_->is_over(); });
    if (!first_object_.empty())
        say(ok(std::move(first_object_)));
    else if (log_->is_over())
        say(protocol::answer_to_error(log_->refusal()));
}

net::Task<> LogCall::tell(LogQuestion question)
{
    ResponseQuestion& asks = question.asks;
    log_ = logs_.find(facts_.tenant, asks.id);
    if (!log_) { // while it was on its way here
        say(response_not_found(asks.id));
        co_return;
    }
    switch (asks.what) {
    case What::retrieve:
        co_await retrieve(asks.starting_after);
        break;
    case What::cancel:
        co_await cancel();
        break;
    case What::remove:
        co_await remove(asks);
        break;
    case What::input_items: // is never sent here
        say(response_not_found(asks.id));
        break;
    }
}

net::Task<> LogCall::retrieve(std::int64_t starting_after)
{
    if (!stream_) {
        say(ok(log_->object()));
        co_return;
    }
    const auto from = log_->behind(starting_after);
    if (!from) {
        say(cannot_stream());
        co_return;
    }
    at = *from;
    is_reading_ = true;
    log_->note_streamed();
    const Reading reading(*log_, *this);
    pump();
    stream_->open();
    co_await until([this] { return client_->is_over(); });
}

net::Task<> LogCall::cancel()
{
    const Reading reading(*log_, *this);
    log_->cancel();
    co_await until([this] { return log_->is_over(); });
    say(ok(log_->object()));
}

// Its turn first: the end of that binds it. Then the account, which may keep it, too.
net::Task<> LogCall::remove(const ResponseQuestion& asks)
{
    {
        const Reading reading(*log_, *this);
        log_->cancel();
        while (log_->is_running())
            co_await changed_.wait_until(core::Deadline::max());
    }
    const auto binding = co_await rooms_.store.find_response(log_->tenant(), asks.id);
    if (binding && binding->store) {
        auto told = co_await ask_account(rooms_, facts_, asks, *binding, share_, stop_);
        if (!told)
            co_return; // nobody is left to be told
        if (told->status != 200 && told->status != 404) {
            say(std::move(*told));
            co_return;
        }
    }
    logs_.forget(*log_);
    conversation::Chain* const chain = rooms_.chains.find(log_->session());
    if (chain)
        for (const std::string& its : log_->ids())
            chain->forget(its);
    for (const std::string& its : log_->ids())
        co_await rooms_.store.forget_response(log_->tenant(), its);
    say(response_removed(asks.id));
}

// Or its client has gone. The turn that it waits for ends within http.background_timeout.
template <class Done>
net::Task<> LogCall::until(Done is_done)
{
    while (!is_done() && !exchange_.is_gone())
        co_await changed_.wait_until(core::Deadline::max());
}

void LogCall::on_gone()
{
    stop_.request({core::FaultCode::client_gone, {}, "client gone"});
    changed_.wake();
}

void LogCall::on_writable()
{
    if (is_reading_)
        pump();
}

void LogCall::on_news()
{
    if (is_reading_) {
        pump();
        return;
    }
    if (first_object_.empty())
        first_object_ = log_->object();
    changed_.wake();
}

// What the turn has said of the answer to who began it.
void LogCall::pass_headers()
{
    if (std::exchange(has_begun_it_, false))
        for (const auto& [name, value] : log_->headers())
            client_->set_header(name, value);
}

// As much as the client takes.
void LogCall::pump()
{
    if (at < log_->end() || log_->is_over())
        pass_headers();
    std::size_t bytes = 0;
    while (at < log_->end() && !client_->is_over() && !client_->is_congested()) {
        net::Frame frame;
        frame.payload = log_->event(at++);
        if (protocol::is_terminal(protocol::peek_kind(frame.payload)))
            client_->send(frame.payload);
        else
            client_->forward(frame);
        bytes += frame.payload.size();
        if (bytes < kPiece)
            continue;
        client_->flush();
        bytes = 0;
    }
    client_->flush();
    if (at == log_->end() && log_->is_over() && !client_->is_over()) {
        if (log_->refusal().empty())
            stream_->close();
        else
            client_->send(log_->refusal());
        client_->flush();
    }
    log_->advanced();
    if (client_->is_over())
        changed_.wake();
}

void LogCall::say(protocol::HttpAnswer answer)
{
    pass_headers();
    client_->answer(std::move(answer));
    client_->flush();
}

} // namespace turngate::gateway
