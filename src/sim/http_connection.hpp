#pragma once

#include "control.hpp"
#include "end.hpp"
#include "http_call.hpp"

#include "turngate/net/http.hpp"

#include <optional>
#include <set>

namespace turngate::sim {

// A connection that speaks HTTP: requests, one after the other, until it ends or one asks for a
// WebSocket.
class HttpConnection final : public Endable
{
public:
    using All = std::set<HttpConnection*>;

    // Stands in `all` while it lives, and in `connections` from its first request to the API on.
    HttpConnection(World& world,
                   Transcript& transcript,
                   Control& control,
                   Connections& connections,
                   All& all,
                   net::Loop& loop,
                   net::Stream stream);
    ~HttpConnection();
    HttpConnection(const HttpConnection&) = delete;
    HttpConnection& operator=(const HttpConnection&) = delete;

    // The request for a WebSocket, if it came to that.
    net::Task<std::optional<net::HttpRequest>> run();
    net::Stream take_stream();

    void close(std::uint16_t code, std::string_view reason) override;
    void reset() override;

private:
    net::Task<bool> serve(net::RequestReader& reader, net::HttpRequest request);
    net::Task<bool> serve_api(net::RequestReader& reader, net::HttpRequest request);
    net::Task<bool> call(net::HttpRequest request, RequestFacts facts, std::string leftover);
    net::Task<bool> inflict(const RequestAct& act, net::HttpRequest& request, bool is_whole);
    net::Task<bool> read_body(net::RequestReader& reader,
                              net::HttpRequest& request,
                              std::size_t most);
    net::Task<bool> write(net::HttpResponse response, bool goes_on, bool is_head);
    net::Task<bool> wait(core::Deadline until);
    net::Task<> leave();
    void enter();
    void go(End end);
    void prepare_reset();
    void read_slowly(unsigned bytes_per_second);
    void answered(unsigned request, int status);

    World& world_;
    Transcript& transcript_;
    Control& control_;
    Connections& connections_;
    All& all_;
    net::Loop& loop_;
    net::Stream stream_;
    std::string leftover_;
    net::Event over_;
    HttpCall* call_ = nullptr;
    End end_;
    unsigned number_ = 0; // 0: nothing of the API was asked for yet
    unsigned requests_ = 0;
    unsigned creates_ = 0;
    std::optional<unsigned> pace_; // bytes a second that bodies are read with
    core::Deadline ends_at_ = core::Deadline::max();
    bool is_over_ = false;
};

} // namespace turngate::sim
