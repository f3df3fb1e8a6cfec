#pragma once

#include "turngate/net/dial.hpp"
#include "turngate/net/task_group.hpp"
#include "turngate/telemetry/metrics.hpp"
#include "turngate/upstream/account_question.hpp"
#include "turngate/upstream/lease.hpp"
#include "turngate/upstream/lease_request.hpp"

#include <chrono>
#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <vector>

namespace turngate::upstream {

class AccountDialer;
class Kept;
class Places;
class SharedDial;
class SpareDial;
class Spares;
struct Place;

struct PoolOptions
{
    std::chrono::milliseconds ping_interval{30'000};
    PongTimeouts pong{};
    std::chrono::milliseconds dial_timeout{10'000};
    std::chrono::milliseconds park_ttl{3'600'000};
    // Asks the other loops' pools to close an idle connection of the account; must not wait for
    // them. May be null.
    std::function<void(const std::string& account)> evict_elsewhere{};
};

// Why there is no lease: a dial's fault, with the upstream's answer if it gave one.
using LeaseFault = net::DialFault;

// One loop's upstream connections. A live session keeps its own WebSockets between turns (for all
// its lanes one, or one for each where the account has no lanes); after it they are kept for its
// key. HTTP connections are nobody's between turns. Idle ones may be closed at any time for a turn
// that needs room.
class Pool final : private net::Ticked
{
public:
    using Accounts = std::vector<std::shared_ptr<const accounts::Account>>;

    Pool(net::Loop& loop, net::Dialer& dialer, telemetry::Metrics& metrics, PoolOptions options);
    ~Pool();

    enum class Whereabouts : std::uint8_t { gone, here, here_but_aged };
    // Whether the connection that knows the request's parent can take the turn now.
    Whereabouts whereabouts(const LeaseRequest& request) const;

    // The best connection there is, else a new one. `headers`: what the client said that may go up.
    // Ends at once when `stop` is requested. Faults: parent_not_found where the needed connection
    // is gone; those of a dial; rate_limited at the account's max_connections; gateway_draining.
    net::Task<boost::system::result<Lease, LeaseFault>> lease(LeaseRequest request,
                                                              const net::HttpHeaders& headers,
                                                              net::Stop& stop);

    // The account's whole answer, held within `share`. Faults: as lease() and
    // net::read_whole_response.
    net::Task<core::Result<net::HttpResponse>> ask(std::shared_ptr<const accounts::Account> account,
                                                   AccountQuestion question,
                                                   const net::HttpHeaders& headers,
                                                   core::ByteBudget::Share& share,
                                                   core::Deadline deadline,
                                                   net::Stop& stop);

    // The session is over, none of its turns will ask again. What it has is kept for its key, if
    // anybody can come back with that; what still runs, from its last turn's end.
    void leave(std::uint64_t session, const core::Digest& key, bool keep);

    // So many connections of each of these accounts are dialed ahead.
    void keep_spares(Accounts accounts, unsigned each);

    // An idle connection of the account is closed, if there is one.
    bool evict(const std::string& account);

    // Closes everything and waits for it: 1 s for closing handshakes. Nothing is leased any more.
    net::Task<> close_all();

private:
    friend class Lease;
    std::optional<Lease> reuse(const LeaseRequest& request);
    SharedDial* dial_to_share(const LeaseRequest& request) const;
    net::Task<boost::system::result<Lease, LeaseFault>> open(const LeaseRequest& request,
                                                             const net::HttpHeaders& headers,
                                                             net::Stop& stop);
    Lease settle_in(std::shared_ptr<Connection> connection,
                    const LeaseRequest& request,
                    Lease::How how);
    bool make_room(const accounts::Account& account);
    void park(const std::shared_ptr<Connection>& connection);
    void discard(const std::shared_ptr<Connection>& connection);
    void close(Place& place);
    net::Task<> dial_spare(std::shared_ptr<const accounts::Account> account);
    bool begin(const std::shared_ptr<Connection>& connection, std::string leftover);
    net::Task<> read(std::shared_ptr<Connection> connection, std::string leftover);
    void on_tick(core::Deadline now) override;

    net::Loop& loop_;
    PoolOptions options_;
    net::TaskGroup tasks_; // readers, and dials of spares
    std::unique_ptr<AccountDialer> dialer_;
    std::unique_ptr<Places> places_;
    std::unique_ptr<Spares> spares_;
    std::unique_ptr<Kept> kept_;
    std::vector<SharedDial*> shared_dials_;
    std::vector<SpareDial*> spare_dials_;
    telemetry::Counter reused_;
    bool is_closing_ = false;
};

} // namespace turngate::upstream
