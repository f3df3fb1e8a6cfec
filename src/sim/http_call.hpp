#pragma once

#include "session.hpp"

#include "turngate/net/http_exchange.hpp"

#include <optional>
#include <string>
#include <string_view>

namespace turngate::sim {

// One `POST …/responses`: a session of one create, told by server-sent events or by one object.
class HttpCall final : public Line, private net::HttpExchange::Sink
{
public:
    // How the connection goes on behind it.
    enum class Ending : std::uint8_t { open, eof, reset };

    HttpCall(World& world,
             Transcript& transcript,
             net::Loop& loop,
             net::Stream stream,
             std::string leftover,
             RequestFacts facts,
             const net::HttpRequest& request);

    // Until it was answered, or the client has gone, or a script ended it.
    net::Task<Ending> run(std::string body);

    net::Stream release() { return exchange_.release(); }
    std::string take_leftover() { return exchange_.take_leftover(); }
    bool is_gone() const { return exchange_.is_gone(); }
    unsigned creates() const { return facts_.creates + 1; }
    std::optional<unsigned> pace() const { return pace_; } // of the requests to come
    const std::optional<Fault>& then() const { return form_.then; }

    void begin(const Create& create, const Act* act) override;
    void send(std::string_view event) override;
    void send_raw(std::string_view bytes) override;
    void send_binary(std::string_view message) override { send_raw(message); }
    void send_error(const Error& error, std::string_view lane) override;
    void conclude(std::string_view response) override;
    void close(std::uint16_t, std::string_view) override { end(); }
    void reset() override { leave(Ending::reset); }
    void end() override { leave(Ending::eof); }
    void freeze() override { frozen_ = true; }
    void stop_pongs() override {}
    void read_slowly(unsigned bytes_per_second) override { pace_ = bytes_per_second; }
    bool is_open() const override;
    bool is_congested() const override;

private:
    void on_gone() override { changed_.set(); }
    void on_writable() override { changed_.set(); }

    void play(core::Deadline now);
    void keep_alive(core::Deadline now);
    core::Deadline due() const;
    bool is_over() const;
    void leave(Ending ending);
    void write_head();
    void answer(int status, std::string_view headers, std::string_view body);
    void add_common_headers(net::HttpHeaders& headers) const;
    void finish();
    void flush();
    void frame(std::string_view piece);

    World& world_;
    Transcript& transcript_;
    const RequestFacts facts_;
    net::HttpExchange exchange_;
    net::Event changed_;
    Session session_;
    bool keeps_alive_; // what the client wants
    bool is_chunked_;
    HttpForm form_;
    bool streams_ = false;
    bool has_head_ = false;
    bool is_answered_ = false; // to the end of the body
    bool is_closed_ = false;   // the last chunk is written
    bool frozen_ = false;
    Ending ending_ = Ending::open;
    std::string body_; // of the stream, not framed yet
    std::string out_;  // framed
    std::int64_t events_ = 0;
    core::Deadline silent_since_;
    std::optional<unsigned> pace_;
};

} // namespace turngate::sim
