#pragma once

#include "fakes/websocket_peer.hpp"

#include "turngate/net/dial.hpp"
#include "turngate/net/event.hpp"

#include <deque>
#include <memory>
#include <optional>
#include <vector>

namespace turngate::fakes {

// Every dial is a socket pair; the far ends are kept. Fails once with each of `faults`, and waits
// while `held` says so.
class Dialer final : public net::Dialer
{
public:
    net::Task<boost::system::result<net::Dialed, net::DialFault>> dial(net::Loop& loop,
                                                                       net::DialTarget target,
                                                                       core::Deadline deadline,
                                                                       net::Stop& stop) override
    {
        targets.push_back(std::move(target));
        deadlines.push_back(deadline);
        if (held) {
            co_await held->wait_until(deadline, stop);
            if (stop.requested())
                co_return net::DialFault{stop.reason(), {}};
        }
        if (!faults.empty()) {
            net::DialFault fault = std::move(faults.front());
            faults.pop_front();
            co_return fault;
        }
        auto [stream, peer] = make_pair(loop);
        peers.push_back(std::make_unique<WebSocketPeer>(std::move(peer), net::Role::server));
        co_return net::Dialed{std::move(stream), {}, std::move(leftover)};
    }
    net::Task<boost::system::result<net::Stream, net::DialFault>> connect(
        net::Loop& loop,
        const net::DialTarget& target,
        core::Deadline deadline,
        net::Stop& stop) override
    {
        auto dialed = co_await dial(loop, target, deadline, stop);
        if (!dialed)
            co_return std::move(dialed).error();
        co_return std::move(dialed->stream);
    }

    WebSocketPeer& peer(std::size_t index) { return *peers.at(index); }

    std::vector<net::DialTarget> targets;
    std::vector<core::Deadline> deadlines;
    std::vector<std::unique_ptr<WebSocketPeer>> peers;
    std::deque<net::DialFault> faults;
    std::unique_ptr<net::Event> held;
    std::string leftover;
};

} // namespace turngate::fakes
