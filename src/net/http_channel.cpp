#include "turngate/net/http_channel.hpp"

#include "body_pieces.hpp"

#include <boost/asio/error.hpp>
#include <boost/beast/http/parser.hpp>
#include <netinet/tcp.h>
#include <sys/socket.h>

#include <algorithm>
#include <utility>

namespace turngate::net {
namespace {

namespace http = boost::beast::http;

constexpr std::size_t kMaxHead = 32 * 1024; // fits the loop's buffer, with what follows it

// A dead peer is found without a byte of ours (http.md section 6.7). Nothing on unix sockets.
void watch_peer(int descriptor)
{
    const auto set = [&](int level, int option, int value) {
        ::setsockopt(descriptor, level, option, &value, sizeof value);
    };
    set(SOL_SOCKET, SO_KEEPALIVE, 1);
    set(IPPROTO_TCP, TCP_KEEPIDLE, 30);
    set(IPPROTO_TCP, TCP_KEEPINTVL, 10);
    set(IPPROTO_TCP, TCP_KEEPCNT, 3);
    set(IPPROTO_TCP, TCP_USER_TIMEOUT, 30'000);
}

} // namespace

struct HttpChannel::Parser
{
    Parser()
    {
        of.header_limit(kMaxHead);
        of.body_limit(boost::none);
        of.eager(true);
    }

    http::response_parser<BodyPieces> of;
    bool has_head = false;
};

HttpChannel::HttpChannel(Loop& loop, Stream stream, Options options)
    : loop_(loop), stream_(std::move(stream)), options_(options), out_(stream_, options.high_water),
      over_(loop)
{
    loop_.tick(*this);
}

HttpChannel::~HttpChannel() = default;

Task<Closing> HttpChannel::run(Sink& sink)
{
    sink_ = &sink;
    if (!ended_) {
        descriptor_ = stream_.leave_asio();
        watch_peer(descriptor_);
        loop_.poller().add(descriptor_, *this);
        if (stream_.has_buffered())
            loop_.poller().again(*this);
        co_await over_.wait_until(core::Deadline::max());
    }
    if (bug_)
        std::rethrow_exception(bug_);
    co_return closing_.value_or(Closing{});
}

void HttpChannel::ask(std::string request)
{
    if (!is_idle())
        return;
    parser_ = std::make_unique<Parser>();
    has_heard_ = false;
    out_.write(std::move(request));
    out_.flush();
}

void HttpChannel::on_ready(std::uint32_t events)
{
    try {
        if (ended_)
            return;
        if (out_.write_queue() == Outbox::Room::lost)
            was_cut_ = true; // the reader sees the end
        if (events & (EPOLLRDHUP | EPOLLHUP | EPOLLERR))
            is_hung_up_ = true;
        if (!stream_.is_tls() && (events & ~static_cast<std::uint32_t>(EPOLLOUT)) == 0)
            return;
        if (paused_)
            readable_ = true;
        else
            read_available();
    } catch (...) {
        fail(std::current_exception()); // ends this channel, not the loop
    }
}

// As WebSocket::read_available.
void HttpChannel::read_available()
{
    constexpr int kReadsInARow = 4;
    for (int i = 0; i < kReadsInARow; ++i) {
        const auto buffer = loop_.read_buffer();
        rest_.copy(buffer.data(), rest_.size());
        const auto into = buffer.subspan(rest_.size());
        if (into.empty())
            return lose(asio::error::message_size); // a line without end
        const IoResult read = stream_.try_read(into);
        if (read.state == IoState::failed)
            lose(read.error);
        if (read.state != IoState::done)
            return;
        bytes_in_ += read.size;
        const std::size_t size = rest_.size() + read.size;
        rest_.clear();
        took({buffer.data(), size});
        if (ended_)
            return;
        if (paused_) {
            readable_ = true;
            return;
        }
        if (read.size < into.size() && !stream_.is_tls() && !is_hung_up_)
            return;
    }
    loop_.poller().again(*this);
}

void HttpChannel::took(std::string_view bytes)
{
    while (!bytes.empty() && !ended_ && parser_ && parse(bytes)) {
    }
    if (!ended_ && !parser_ && !bytes.empty())
        lose(asio::error::connection_aborted); // nobody has asked for it
    if (!ended_)
        rest_ = bytes;
    sink_->on_read_end();
}

// False: the rest of the bytes is too little to go on with.
bool HttpChannel::parse(std::string_view& bytes)
{
    auto& parser = parser_->of;
    has_heard_ = true;
    error_code error;
    const std::size_t used = parser.put(asio::buffer(bytes), error);
    bytes.remove_prefix(used);
    if (error && error != http::error::need_more) {
        lose(error);
        return false;
    }
    if (parser.is_header_done() && parser.get().result_int() < 200) {
        parser_ = std::make_unique<Parser>();
        return true;
    }
    if (parser.is_header_done() && !std::exchange(parser_->has_head, true)) {
        HttpResponse head;
        head.status = static_cast<int>(parser.get().result_int());
        for (const auto& field : parser.get())
            head.headers.add(std::string_view(field.name_string()),
                             std::string_view(field.value()));
        sink_->on_head(std::move(head));
    }
    for (const std::string_view piece : std::exchange(parser.get().body(), {}))
        if (!ended_)
            sink_->on_body(piece);
    if (!ended_ && parser.is_done()) {
        finish();
        return true;
    }
    return used > 0 && !ended_;
}

void HttpChannel::finish()
{
    const bool goes_on = parser_->of.keep_alive();
    parser_.reset();
    if (!goes_on) {
        closing_ = Closing{Closing::By::peer, 1000, {}, {}};
        end();
    }
    sink_->on_whole();
}

void HttpChannel::fail(std::exception_ptr bug)
{
    bug_ = std::move(bug);
    end();
}

void HttpChannel::abort()
{
    if (!closing_)
        closing_ = Closing{Closing::By::us, 1006, {}, {}};
    end();
}

void HttpChannel::lose(error_code error, Closing::By by)
{
    if (ended_)
        return;
    if (error == asio::error::eof && parser_ && parser_->has_head) {
        error_code cut;
        parser_->of.put_eof(cut);
        if (!cut && parser_->of.is_done()) {
            finish();
            end();
            sink_->on_read_end();
            return;
        }
    }
    if (!closing_)
        closing_ = Closing{by, 1006, {}, error};
    end();
}

// Whoever runs this channel is woken; nothing is read, written or told any more.
void HttpChannel::end() noexcept
{
    if (std::exchange(ended_, true))
        return;
    was_cut_ = was_cut_ || out_.queued() > 0;
    if (descriptor_ >= 0)
        loop_.poller().remove(descriptor_, *this);
    stream_.close();
    over_.set();
}

void HttpChannel::resume()
{
    if (std::exchange(paused_, false) && std::exchange(readable_, false) && !ended_)
        loop_.poller().again(*this);
}

void HttpChannel::on_tick(core::Deadline now)
{
    if (!ended_ && out_.is_stuck(now, options_.write_timeout))
        lose(asio::error::timed_out, Closing::By::silent);
}

} // namespace turngate::net
