#pragma once

#include "client_output.hpp"

#include "turngate/config/config.hpp"
#include "turngate/net/http_exchange.hpp"
#include "turngate/protocol/client_event.hpp"
#include "turngate/protocol/http_answer.hpp"
#include "turngate/protocol/upstream_event.hpp"

#include <cstdint>
#include <deque>
#include <string>
#include <utility>
#include <vector>

namespace turngate::gateway {

// What every answer of one exchange has at its head.
struct AnswerFacts
{
    std::string request_id;   // x-request-id
    bool is_1_0 = false;      // no chunks: the connection's end is the body's
    bool keep_alive = true;   // for the client's next request
    std::string turn_state{}; // of Codex; empty: none
    std::string origin{};     // of a page in a browser that may read it; empty: none
    std::vector<std::pair<std::string, std::string>> headers{}; // further ones
};

// A client that waits for the answer to its HTTP request (http.md section 5). Until something of it
// is sent, every failure is a plain HTTP status; the last bytes leave together with the terminal
// event.
class HttpOutput : public ClientOutput
{
public:
    HttpOutput(net::HttpExchange& exchange, AnswerFacts facts)
        : exchange_(exchange), facts_(std::move(facts))
    {
    }
    virtual ~HttpOutput() = default;

    // The end was told.
    bool is_over() const noexcept { return is_over_; }
    // The client's next request may come on this connection.
    bool keeps_connection() const noexcept { return facts_.keep_alive; }
    // There was nothing to say for long: the head alone, then whatever keeps a connection alive.
    virtual void keep_alive(core::Deadline now, const config::Http& rules) = 0;

    // An answer in one piece; where a head was sent, its body alone.
    void answer(protocol::HttpAnswer answer);

    void set_header(std::string_view name, std::string value) override;
    bool is_congested() const override { return exchange_.is_congested(); }

protected:
    std::string head(int status, std::string_view content_type) const;
    // The same of a body that comes in pieces: by chunks, or until the connection ends.
    std::string open_head(std::string_view content_type, std::string_view more = {});

    net::HttpExchange& exchange_;
    AnswerFacts facts_;
    bool has_head_ = false; // one that is open: the rest of the answer is its body's
    bool is_over_ = false;
    core::Deadline begun_ = core::Clock::now();
    core::Deadline last_write_ = begun_;
};

// Server-sent events, each in the vendor's canonical form (http.md section 3).
class EventStream final : public HttpOutput
{
public:
    using HttpOutput::HttpOutput;

    void forward(const net::Frame& frame) override { append(frame.payload); }
    void send(std::string_view event) override;
    void flush() override;
    void keep_alive(core::Deadline now, const config::Http& rules) override;

    // For whoever needs not wait for the first event: the head alone.
    void open();
    // Where no event is left to be told, the terminal one neither.
    void close();

private:
    void append(std::string_view payload);
    void append_kept(std::string event);
    void append_payload(std::string_view payload);
    void borrow_gathered();
    void end_with_error(std::string_view event);
    void write(bool is_last);

    // A payload that is not worth a copy, and where it stands.
    struct Large
    {
        std::size_t at; // in text_
        std::string_view payload;
    };

    std::string text_; // of the chunk that flush() writes, but for …
    std::vector<Large> large_;
    std::deque<std::string> kept_; // what of them is ours
    std::string head_;
    std::string size_;        // of the chunk, as its first line says
    std::string response_id_; // that has begun
    std::int64_t events_ = 0;
};

// One response object, when it is there.
class Document final : public HttpOutput
{
public:
    using HttpOutput::HttpOutput;

    void forward(const net::Frame& frame) override { note(frame.payload); }
    void send(std::string_view event) override;
    void flush() override { exchange_.flush(); }
    void keep_alive(core::Deadline now, const config::Http& rules) override;
    // Nothing is, before the end.
    bool shows_at_once() const override { return false; }

private:
    void note(std::string_view event);

    bool has_output_ = false;
};

} // namespace turngate::gateway
