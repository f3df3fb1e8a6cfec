#include "turngate/net/http_exchange.hpp"

#include <algorithm>
#include <utility>

namespace turngate::net {
namespace {

// Of a next request that comes early. More is left with the kernel, where only the connection's
// end is still seen.
constexpr std::size_t kReadAhead = 64 * 1024;

} // namespace

HttpExchange::HttpExchange(Loop& loop, Stream stream, std::string leftover, Options options)
    : loop_(loop), stream_(std::move(stream)), options_(options), out_(stream_, options.high_water),
      leftover_(std::move(leftover)), drained_(loop)
{
}

HttpExchange::~HttpExchange()
{
    unwatch();
}

void HttpExchange::watch(Sink& sink)
{
    sink_ = &sink;
    descriptor_ = stream_.leave_asio();
    loop_.poller().add(descriptor_, *this);
    loop_.tick(*this);
    if (stream_.has_buffered())
        loop_.poller().again(*this);
}

void HttpExchange::on_ready(std::uint32_t events)
{
    const Outbox::Room room = out_.write_queue();
    if (out_.queued() == 0)
        drained_.wake();
    if (room == Outbox::Room::drained && sink_)
        sink_->on_writable();
    if (room == Outbox::Room::lost || (events & (EPOLLRDHUP | EPOLLHUP | EPOLLERR)) != 0)
        lose();
    else if (stream_.is_tls() || (events & EPOLLIN) != 0)
        read_ahead();
}

void HttpExchange::read_ahead()
{
    while (!is_gone_ && leftover_.size() < kReadAhead) {
        const auto most = std::min(loop_.read_buffer().size(), kReadAhead - leftover_.size());
        const auto into = loop_.read_buffer().first(most);
        const IoResult read = stream_.try_read(into);
        if (read.state == IoState::failed)
            lose();
        if (read.state != IoState::done)
            return;
        leftover_.append(into.data(), read.size);
    }
}

void HttpExchange::lose()
{
    if (std::exchange(is_gone_, true))
        return;
    drained_.wake();
    if (sink_)
        sink_->on_gone();
}

void HttpExchange::on_tick(core::Deadline now)
{
    if (out_.is_stuck(now, options_.write_timeout))
        lose();
}

Task<bool> HttpExchange::drained()
{
    while (!is_gone_ && out_.queued() > 0)
        co_await drained_.wait_until(core::Deadline::max());
    co_return !is_gone_;
}

Stream HttpExchange::release()
{
    unwatch();
    return adopt(loop_, stream_.pack());
}

void HttpExchange::unwatch() noexcept
{
    if (std::exchange(sink_, nullptr))
        loop_.poller().remove(descriptor_, *this);
}

} // namespace turngate::net
