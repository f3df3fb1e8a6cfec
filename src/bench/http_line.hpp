#pragma once

#include "line.hpp"

#include "turngate/net/http_channel.hpp"
#include "turngate/protocol/sse.hpp"

#include <optional>
#include <string>
#include <vector>

namespace turngate::bench {

// HTTP/1.1 with keep-alive: a create is a POST, its events are server-sent, and an answer's end is
// the body's.
class HttpLine final : public Line, private net::HttpChannel::Sink
{
public:
    HttpLine(net::Loop& loop,
             net::Stream stream,
             const net::Url& url,
             const net::HttpHeaders& headers);

    net::Task<> run(Line::Sink& sink) override;
    void ask(std::span<const std::string_view> create) override;
    bool is_open() const noexcept override { return channel_.is_open(); }
    void close() override { channel_.abort(); }
    void abort() override { channel_.abort(); }

private:
    void on_head(net::HttpResponse head) override;
    void on_body(std::string_view bytes) override;
    void on_whole() override;
    void on_read_end() override;

    net::HttpChannel channel_;
    Line::Sink* sink_ = nullptr;
    std::string head_;    // of each request, up to the value of content-length
    int status_ = 0;      // of the answer that comes
    std::string refusal_; // its body, where it has no events
    std::optional<protocol::SseReader> reader_;
    std::vector<std::string_view> events_;
    core::Deadline now_{}; // of this read; zero: not asked for yet
};

} // namespace turngate::bench
