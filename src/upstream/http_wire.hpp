#pragma once

#include "turngate/accounts/account_set.hpp"
#include "turngate/net/http_channel.hpp"
#include "turngate/protocol/sse.hpp"
#include "turngate/upstream/wire.hpp"

#include <memory>
#include <optional>
#include <string>
#include <vector>

namespace turngate::upstream {

// HTTP/1.1 to the account, one request at a time: whatever answers a create comes down as the
// events that a WebSocket would have brought (http.md sections 3.2, 4 and 6).
class HttpWire final : public Wire, private net::HttpChannel::Sink, private net::Ticked
{
public:
    HttpWire(net::Loop& loop, net::Stream stream, std::shared_ptr<const accounts::Account> account);

    net::Task<net::Closing> run(Wire::Sink& sink, std::string leftover) override;

    Transport transport() const noexcept override { return Transport::http; }
    void ask(std::string_view create,
             const net::HttpHeaders& headers,
             std::string_view below) override;
    void send(std::string_view) override {}
    bool is_idle() const noexcept override { return channel_.is_idle(); }
    Progress progress() const noexcept override;
    const net::HttpHeaders* answer_headers() const noexcept override;
    const net::HttpResponse* refusal() const noexcept override;

    std::optional<std::chrono::seconds> keeps_idle() const noexcept override { return keeps_idle_; }
    bool is_open() const noexcept override { return channel_.is_open(); }
    bool is_congested() const noexcept override { return channel_.is_congested(); }
    void pause() override { channel_.pause(); }
    void resume() override { channel_.resume(); }
    bool is_paused() const noexcept override { return channel_.is_paused(); }
    void set_pong_timeout(std::chrono::milliseconds) noexcept override {}
    void close() override { channel_.abort(); }
    void abort() override { channel_.abort(); }
    std::uint64_t bytes_in() const noexcept override { return channel_.bytes_in(); }
    std::uint64_t bytes_out() const noexcept override { return channel_.bytes_out(); }

private:
    enum class Body : std::uint8_t {
        unknown, // nothing of it has come
        events,
        document, // the whole response, though events were asked for
        refusal,
    };

    void on_head(net::HttpResponse head) override;
    void on_body(std::string_view bytes) override;
    void on_whole() override;
    void on_read_end() override;
    void on_tick(core::Deadline now) override;
    void make_news();
    void refuse();
    void keep(std::string_view bytes, std::size_t most);
    void add_event(std::string_view event);

    net::HttpChannel channel_;
    const std::shared_ptr<const accounts::Account> account_;
    Wire::Sink* sink_ = nullptr;
    Body body_ = Body::unknown;
    net::HttpResponse head_; // of the response that comes; its body, but for events
    std::optional<protocol::SseReader> reader_;
    std::vector<std::string_view> events_; // of this read
    std::vector<std::string> made_;        // events of ours, of this read
    std::vector<net::Frame> frames_;
    std::optional<std::chrono::seconds> keeps_idle_;
    core::Deadline refused_at_ = core::Deadline::max(); // its body has not come whole
    bool has_read_ = false;                             // something of a response, in this read
    bool is_whole_ = false;                             // the response is, since this read
};

} // namespace turngate::upstream
