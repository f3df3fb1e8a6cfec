#include "http_connection.hpp"

#include "upgrade.hpp"

#include <boost/asio/error.hpp>
#include <sys/socket.h>

#include <algorithm>
#include <array>
#include <utility>

namespace turngate::sim {
namespace {

constexpr auto kPatience = std::chrono::seconds(30);
constexpr std::size_t kMostHead = 64 * 1024;
constexpr std::size_t kMostBody = 256 * 1024 * 1024;

} // namespace

HttpConnection::HttpConnection(World& world,
                               Transcript& transcript,
                               Control& control,
                               Connections& connections,
                               All& all,
                               net::Loop& loop,
                               net::Stream stream)
    : world_(world), transcript_(transcript), control_(control), connections_(connections),
      all_(all), loop_(loop), stream_(std::move(stream)), over_(loop)
{
    all_.insert(this);
}

HttpConnection::~HttpConnection()
{
    all_.erase(this);
    go(end_);
}

void HttpConnection::enter()
{
    if (number_ != 0)
        return;
    number_ = ++world_.connections;
    connections_.emplace(number_, this);
    ++world_.stats.http_connections_total;
    ++world_.stats.http_connections_open;
}

void HttpConnection::go(End end)
{
    if (number_ == 0)
        return;
    connections_.erase(number_);
    --world_.stats.http_connections_open;
    transcript_.end(std::exchange(number_, 0), end);
}

net::Stream HttpConnection::take_stream()
{
    go({"client", "upgrade", 0, {}});
    return std::move(stream_);
}

net::Task<std::optional<net::HttpRequest>> HttpConnection::run()
{
    for (bool goes_on = true; goes_on && !is_over_;) {
        net::RequestReader reader(stream_, std::move(leftover_), kMostHead);
        const auto patience = std::min(ends_at_, core::Clock::now() + world_.options.idle);
        auto head = co_await reader.head(patience);
        if (!head) {
            const auto& fault = head.error();
            if (fault.code == core::FaultCode::invalid_request) {
                net::HttpResponse no = refusal(fault.status, "bad_request", "This is no HTTP.");
                co_await write(std::move(no), false, false);
            } else if (!is_over_ && fault.code == core::FaultCode::upstream_timeout) {
                end_ = {"sim", ends_at_ <= core::Clock::now() ? end_.how : "eof", 1006, {}};
            } else if (!is_over_) {
                const bool is_eof = fault.cause == net::asio::error::eof;
                end_ = {"client", is_eof ? "eof" : "reset", 1006, {}};
            }
            co_return std::nullopt;
        }
        if (net::wants_websocket(*head)) {
            head->leftover = reader.take_leftover();
            co_return std::move(*head);
        }
        goes_on = co_await serve(reader, std::move(*head));
    }
    if (!is_over_ && end_.side == std::string_view("sim"))
        co_await leave();
    co_return std::nullopt;
}

// Says "no more" so that the client sees an end and no reset.
net::Task<> HttpConnection::leave()
{
    if (stream_.is_open())
        co_await stream_.linger(core::Clock::now() + kPatience);
}

void HttpConnection::answered(unsigned request, int status)
{
    ++world_.stats.answers[status];
    transcript_.answer(number_, request, status);
}

// False: the connection is over. Stops once it has `most` bytes.
net::Task<bool> HttpConnection::read_body(net::RequestReader& reader,
                                          net::HttpRequest& request,
                                          std::size_t most)
{
    while (!reader.is_whole() && request.body.size() < most) {
        const auto piece = co_await reader.piece(core::Clock::now() + kPatience);
        if (!piece) {
            const bool is_eof = piece.error().cause == net::asio::error::eof;
            if (!is_over_)
                end_ = {"client", is_eof ? "eof" : "reset", 1006, {}};
            co_return false;
        }
        request.body += *piece;
        world_.stats.bytes_in += piece->size();
        if (request.body.size() > kMostBody) {
            net::HttpResponse no = refusal(413, "request_too_large", "The body is too large.");
            co_await write(std::move(no), false, false);
            co_return false;
        }
        if (!pace_)
            continue;
        const auto nap = *pace_ == 0 ? core::Deadline::max()
                                     : core::Clock::now() +
                                           std::chrono::milliseconds(piece->size() * 1000 / *pace_);
        const bool goes_on = co_await wait(nap);
        if (!goes_on)
            co_return false;
    }
    co_return true;
}

// False: the connection was ended meanwhile.
net::Task<bool> HttpConnection::wait(core::Deadline until)
{
    co_await over_.wait_until(until);
    co_return !is_over_;
}

net::Task<bool> HttpConnection::write(net::HttpResponse response, bool goes_on, bool is_head)
{
    const std::string bytes = net::to_bytes(response, goes_on, is_head);
    const auto sent = co_await stream_.write_all(bytes, core::Clock::now() + kPatience);
    world_.stats.bytes_out += bytes.size();
    if (!goes_on)
        end_ = {"sim", "eof", 1006, {}};
    co_return sent.has_value();
}

// A close is a reset from here on.
void HttpConnection::prepare_reset()
{
    const linger now{1, 0};
    ::setsockopt(stream_.socket().native_handle(), SOL_SOCKET, SO_LINGER, &now, sizeof now);
}

void HttpConnection::read_slowly(unsigned bytes_per_second)
{
    pace_ = bytes_per_second;
    const int smallest = 1; // or the kernel would go on taking in what we do not read
    ::setsockopt(
        stream_.socket().native_handle(), SOL_SOCKET, SO_RCVBUF, &smallest, sizeof smallest);
}

void HttpConnection::close(std::uint16_t, std::string_view)
{
    is_over_ = true;
    end_ = {"sim", "eof", 1006, {}};
    over_.set();
    if (call_)
        call_->end();
    else
        stream_.close();
}

void HttpConnection::reset()
{
    is_over_ = true;
    end_ = {"sim", "reset", 1006, {}};
    over_.set();
    if (call_)
        return call_->reset();
    prepare_reset();
    stream_.close();
}

} // namespace turngate::sim
