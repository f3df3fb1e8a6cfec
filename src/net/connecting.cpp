#include "connecting.hpp"

#include "causes.hpp"

#include "turngate/net/event.hpp"

#include <boost/asio/error.hpp>
#include <boost/asio/ip/tcp.hpp>
#include <netinet/tcp.h>
#include <sys/socket.h>

#include <algorithm>
#include <cerrno>
#include <list>
#include <memory>

namespace turngate::net {
namespace {

using core::Fault;
using core::FaultCode;

constexpr std::chrono::milliseconds kApart(250);

// A family without a way from here says less than what another address answered.
bool is_elsewhere(int error)
{
    constexpr int kNoWay[] = {
        ENETUNREACH, EHOSTUNREACH, EADDRNOTAVAIL, EAFNOSUPPORT, EINVAL, EACCES, EPERM};
    return std::ranges::find(kNoWay, error) != std::end(kNoWay);
}

// Connects that are under way. Who comes first wins; what is still under way when the race goes
// away is closed.
class Race : public std::enable_shared_from_this<Race>
{
public:
    explicit Race(Loop& loop) : changed(loop), loop_(loop) {}

    void begin(const asio::ip::tcp::endpoint& endpoint)
    {
        const auto socket = running_.emplace(running_.end(), loop_.context());
        error_code error;
        socket->open(asio::generic::stream_protocol(endpoint.protocol()), error);
        if (!error)
            socket->native_non_blocking(true, error);
        if (error)
            return lost(socket, error, "socket");
        const int on = 1;
        ::setsockopt(socket->native_handle(), IPPROTO_TCP, TCP_NODELAY, &on, sizeof on);
        const auto size = static_cast<socklen_t>(endpoint.size());
        if (::connect(socket->native_handle(), endpoint.data(), size) != 0 && errno != EINPROGRESS)
            return lost(socket, {errno, boost::system::system_category()}, "connect");
        socket->async_wait(Socket::wait_write, [weak = weak_from_this(), socket](error_code) {
            if (const auto race = weak.lock())
                race->ended(socket);
        });
    }

    bool is_running() const { return !running_.empty(); }

    Event changed; // one has won or lost
    std::optional<Socket> winner;
    Fault failure;

private:
    using Running = std::list<Socket>::iterator;

    void ended(Running socket)
    {
        if (winner)
            return;
        int result = 0;
        socklen_t size = sizeof result;
        ::getsockopt(socket->native_handle(), SOL_SOCKET, SO_ERROR, &result, &size);
        if (result != 0)
            return lost(socket, {result, boost::system::system_category()}, "connect");
        winner.emplace(std::move(*socket));
        running_.erase(socket);
        changed.set();
    }

    void lost(Running socket, error_code error, const char* where)
    {
        if (!failure.cause || !is_elsewhere(error.value()))
            failure = dial_fault(error, where);
        running_.erase(socket);
        changed.set();
    }

    Loop& loop_;
    std::list<Socket> running_;
};

} // namespace

Task<core::Result<Stream>> connect_to_first(
    Loop& loop, Addresses addresses, std::uint16_t port, core::Deadline deadline, Stop& stop)
{
    const auto race = std::make_shared<Race>(loop);
    auto next = addresses.begin();
    while (!race->winner) {
        race->changed.reset();
        if (next != addresses.end())
            race->begin({*next++, port});
        else if (!race->is_running())
            co_return race->failure;
        const auto until =
            next == addresses.end() ? deadline : std::min(deadline, core::Clock::now() + kApart);
        co_await race->changed.wait_until(until, stop);
        if (stop.requested())
            co_return stop.reason();
        if (!race->winner && core::Clock::now() >= deadline)
            co_return Fault{FaultCode::upstream_timeout, asio::error::timed_out, "connect"};
    }
    co_return Stream(std::move(*race->winner));
}

} // namespace turngate::net
