#pragma once

#include "turngate/net/task_group.hpp"
#include "turngate/telemetry/metrics.hpp"
#include "turngate/upstream/connection.hpp"

#include <cstdint>
#include <memory>
#include <string>
#include <unordered_map>

namespace turngate::upstream {

class Pool;

// A turn's right to use an upstream connection. Dropped without `park`, the connection is
// discarded: unwound mid-stream, we never keep what we cannot vouch for. The pool outlives it.
class Lease
{
public:
    enum class How : std::uint8_t { reused, dialed };

    Lease(Pool& pool, std::uint64_t session, std::shared_ptr<Connection> connection, How how);
    ~Lease();
    Lease(Lease&& other) noexcept;
    Lease& operator=(Lease&&) = delete;

    Connection& connection() const noexcept { return *connection_; }
    How how() const noexcept { return how_; }

    // Gives it back for the session's next turn.
    void park() &&;

private:
    Pool* pool_;
    std::uint64_t session_;
    std::shared_ptr<Connection> connection_;
    How how_;
};

struct PoolOptions
{
    std::chrono::milliseconds ping_interval{30'000};
    PongTimeouts pong{};
    std::chrono::milliseconds dial_timeout{10'000};
};

// Why there is no lease: a dial's fault, with the upstream's answer if it gave one.
using LeaseFault = net::DialFault;

// One loop's upstream connections: one for each session, parked between its turns.
class Pool
{
public:
    Pool(net::Loop& loop, net::Dialer& dialer, telemetry::Metrics& metrics, PoolOptions options);
    ~Pool();

    // The session's parked connection, if it is usable; null otherwise. Stays parked.
    std::shared_ptr<const Connection> parked(std::uint64_t session) const;

    // The session's parked connection if it is one of this account, else a new one (what was parked
    // is closed). `headers`: what the client said that may be forwarded. Ends at once when `stop`
    // is requested.
    net::Task<boost::system::result<Lease, LeaseFault>> lease(
        std::uint64_t session,
        std::shared_ptr<const accounts::Account> account,
        const net::HttpHeaders& headers,
        net::Stop& stop);

    // The session is over: its parked connection is closed in the background.
    void leave(std::uint64_t session);

    // Closes everything and waits for it: 1 s for closing handshakes.
    net::Task<> close_all();

private:
    friend class Lease;

    net::Task<> read(std::uint64_t session,
                     std::shared_ptr<Connection> connection,
                     std::string leftover);
    void park(std::uint64_t session, std::shared_ptr<Connection> connection);
    void discard(std::shared_ptr<Connection> connection);
    bool make_room(const accounts::Account& account);

    net::Loop& loop_;
    net::Dialer& dialer_;
    PoolOptions options_;
    net::TaskGroup readers_;
    std::unordered_map<std::uint64_t, std::shared_ptr<Connection>> parked_;
    std::unordered_map<std::uint64_t, std::weak_ptr<Connection>> all_; // by generation

    telemetry::Counter dials_ok_;
    telemetry::Counter dials_failed_;
    telemetry::Counter reused_;
    telemetry::Gauge open_;
};

} // namespace turngate::upstream
