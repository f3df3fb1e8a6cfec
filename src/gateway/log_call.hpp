#pragma once

#include "client_bytes.hpp"
#include "event_logs.hpp"
#include "guest.hpp"
#include "http_call.hpp"

#include "turngate/net/event.hpp"

#include <memory>

namespace turngate::gateway {

// A client's request for a background response, or about one (http.md section 10). It waits and
// reads; whatever becomes of it, the response runs on. On the loop of the log.
class LogCall final : public HttpCall, private EventLog::Reader
{
public:
    LogCall(
        Rooms& rooms, EventLogs& logs, ClientBytes& client_bytes, net::Stream stream, Guest guest);
    ~LogCall() override;

    void shut_down() override;

private:
    net::Task<> answer() override;
    net::Task<> begin(Request request);
    net::Task<> tell(LogQuestion question);
    net::Task<> retrieve(std::int64_t starting_after);
    net::Task<> cancel();
    net::Task<> remove(const ResponseQuestion& asks);
    template <class Done>
    net::Task<> until(Done is_done);

    void on_gone() override;
    void on_writable() override;
    void on_news() override;
    void pump();
    void pass_headers();
    void say(protocol::HttpAnswer answer);

    EventLogs& logs_;
    SessionFacts facts_;
    decltype(Guest::wants) wants_;
    EventStream* stream_ = nullptr; // the client, where it wants events
    std::shared_ptr<EventLog> log_;
    bool has_begun_it_ = false;     // the log's turn is this call's, and its answer has no head yet
    bool is_reading_ = false;       // events
    std::string first_object_;      // of a response that was asked for
    core::ByteBudget::Share share_; // of what an account tells
    net::Stop stop_;                // of asking it
    net::Event changed_;
};

} // namespace turngate::gateway
