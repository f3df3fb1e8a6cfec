#include "turngate/upstream/pool.hpp"

#include "account_dialer.hpp"
#include "kept.hpp"
#include "places.hpp"
#include "shared_dial.hpp"
#include "spare_dial.hpp"
#include "spares.hpp"

#include "turngate/telemetry/log.hpp"

#include <algorithm>
#include <exception>
#include <utility>

namespace turngate::upstream {
namespace {

using core::Clock;
using core::FaultCode;
using telemetry::log_debug;

// How long an idle HTTP connection may be used again (http.md section 6.7).
std::chrono::milliseconds keep_time(const Connection& connection)
{
    const auto told = connection.keeps_idle();
    return told ? std::max<std::chrono::milliseconds>(*told, connection.account().config.keep_idle)
                : connection.account().config.keep_idle;
}

LeaseFault fault(FaultCode code, const char* where)
{
    return {{code, {}, where}, {}};
}

} // namespace

Pool::Pool(net::Loop& loop, net::Dialer& dialer, telemetry::Metrics& metrics, PoolOptions options)
    : loop_(loop), options_(std::move(options)), tasks_(loop),
      dialer_(std::make_unique<AccountDialer>(loop, dialer, metrics, options_)),
      places_(std::make_unique<Places>()), spares_(std::make_unique<Spares>()),
      kept_(std::make_unique<Kept>()),
      reused_(metrics.counter("turngate_upstream_reused_total",
                              "Turns that found an open connection waiting for them"))
{
    loop.tick(*this);
}

Pool::~Pool() = default;

Pool::Whereabouts Pool::whereabouts(const LeaseRequest& request) const
{
    LeaseRequest that_one = request;
    that_one.needs_that_connection = true;
    const Place* place = places_->find(that_one);
    if (!place)
        return Whereabouts::gone;
    return place->connection->is_aged(Clock::now()) ? Whereabouts::here_but_aged
                                                    : Whereabouts::here;
}

net::Task<boost::system::result<Lease, LeaseFault>> Pool::lease(LeaseRequest request,
                                                                const net::HttpHeaders& headers,
                                                                net::Stop& stop)
{
    for (;;) {
        if (is_closing_)
            co_return fault(FaultCode::gateway_draining, "pool closes");
        if (auto reused = reuse(request))
            co_return std::move(*reused);
        if (request.needs_that_connection)
            co_return fault(FaultCode::parent_not_found, "its connection is gone");
        if (request.transport == Transport::http)
            break;
        if (auto spare = spares_->take(*request.account, Clock::now()))
            co_return settle_in(std::move(spare), request, Lease::How::spare);
        SharedDial* const dial = dial_to_share(request);
        if (!dial)
            break;
        const auto deadline = Clock::now() + options_.dial_timeout;
        auto failed = co_await SharedDial::wait(*dial, loop_, deadline, stop);
        if (failed)
            co_return std::move(*failed);
    }
    if (!make_room(*request.account))
        co_return fault(FaultCode::rate_limited, "account.max_connections");
    co_return co_await open(request, headers, stop);
}

net::Task<core::Result<net::HttpResponse>> Pool::ask(
    std::shared_ptr<const accounts::Account> account,
    AccountQuestion question,
    const net::HttpHeaders& headers,
    core::ByteBudget::Share& share,
    core::Deadline deadline,
    net::Stop& stop)
{
    if (is_closing_)
        co_return core::Fault{FaultCode::gateway_draining, {}, "pool closes"};
    if (!make_room(*account))
        co_return core::Fault{FaultCode::rate_limited, {}, "account.max_connections"};
    co_return co_await dialer_->ask(
        std::move(account), std::move(question), headers, share, deadline, stop);
}

std::optional<Lease> Pool::reuse(const LeaseRequest& request)
{
    if (request.transport == Transport::http) {
        const bool may_be_old = !request.needs_new_one && !request.needs_that_connection;
        auto kept = may_be_old ? kept_->take(*request.account, Clock::now()) : nullptr;
        if (!kept)
            return std::nullopt;
        reused_.add();
        return settle_in(std::move(kept), request, Lease::How::reused);
    }
    if (Place* place = places_->find(request)) {
        places_->take(*place, request);
        reused_.add();
        return Lease(*this, place->connection, Lease::How::reused);
    }
    while (Place* aged = places_->aged(request))
        close(*aged); // its conversation begins anew on the next one
    return std::nullopt;
}

SharedDial* Pool::dial_to_share(const LeaseRequest& request) const
{
    const auto found =
        std::find_if(shared_dials_.begin(), shared_dials_.end(), [&](const SharedDial* dial) {
            return dial->will_serve(request);
        });
    return found == shared_dials_.end() ? nullptr : *found;
}

net::Task<boost::system::result<Lease, LeaseFault>> Pool::open(const LeaseRequest& request,
                                                               const net::HttpHeaders& headers,
                                                               net::Stop& stop)
{
    SharedDial shared(shared_dials_, request);
    auto dialed = co_await dialer_->dial(request.account, request.transport, headers, stop);
    if (!dialed) {
        if (!stop.requested()) // one turn's haste is no answer to the others
            shared.fail(dialed.error());
        co_return std::move(dialed).error();
    }
    if (!begin(dialed->connection, std::move(dialed->leftover)))
        co_return fault(FaultCode::gateway_draining, "pool closes");
    co_return settle_in(std::move(dialed->connection), request, Lease::How::dialed);
}

Lease Pool::settle_in(std::shared_ptr<Connection> connection,
                      const LeaseRequest& request,
                      Lease::How how)
{
    places_->add(connection, request);
    return Lease(*this, std::move(connection), how);
}

// The limit counts what is idle too; that may always be closed for a turn that runs.
bool Pool::make_room(const accounts::Account& account)
{
    if (account.life->connections < account.config.max_connections)
        return true;
    if (evict(account.config.name))
        return true;
    if (account.life->parked == 0 || !options_.evict_elsewhere)
        return false;
    options_.evict_elsewhere(account.config.name); // idle on another loop
    return true;
}

bool Pool::evict(const std::string& account)
{
    auto idle = kept_->take_oldest(account);
    if (!idle)
        idle = spares_->take_any(account);
    if (idle) {
        idle->close();
        return true;
    }
    Place* place = places_->oldest_idle(account);
    if (!place)
        return false;
    log_debug("upstream connection evicted", {{"connection", place->connection->generation()}});
    close(*place);
    return true;
}

void Pool::park(const std::shared_ptr<Connection>& connection)
{
    Place& place = *places_->of(connection->generation());
    places_->give_back(place);
    if (place.leases > 0)
        return;
    if (connection->is_http() && connection->is_open()) { // its body's end may come a moment later
        places_->remove(place);
        kept_->put(connection, Clock::now() + keep_time(*connection));
        return;
    }
    if (place.is_forsaken || !connection->is_usable()) {
        close(place);
        return;
    }
    log_debug("upstream connection parked",
              {{"connection", connection->generation()}, {"session", place.session}});
}

// Beside neighbours a lane's turn goes alone: the rest of its response is dropped.
void Pool::discard(const std::shared_ptr<Connection>& connection)
{
    Place& place = *places_->of(connection->generation());
    places_->give_back(place);
    if (place.leases == 0)
        close(place);
}

void Pool::close(Place& place)
{
    const auto connection = place.connection;
    places_->remove(place);
    connection->close();
}

void Pool::leave(std::uint64_t session, const core::Digest& key, bool keep)
{
    if (keep) {
        places_->leave(session, key);
        return;
    }
    for (Place* place : places_->of_session(session, key)) {
        place->is_forsaken = true;
        if (place->leases == 0)
            close(*place);
    }
}

void Pool::keep_spares(Accounts accounts, unsigned each)
{
    spares_->want(accounts, each);
}

net::Task<> Pool::dial_spare(std::shared_ptr<const accounts::Account> account)
{
    const net::HttpHeaders no_headers; // a spare is nobody's yet
    SpareDial dial(spare_dials_, *spares_, *account);
    if (is_closing_)
        co_return;
    auto dialed = co_await dialer_->dial(account, Transport::ws, no_headers, dial.stop());
    if (!dialed || !begin(dialed->connection, std::move(dialed->leftover)))
        co_return;
    if (dialed->connection->is_usable()) // its reader ran already, and may have found its end
        dial.put(std::move(dialed->connection));
}

// False: the pool closes, and so does the connection.
bool Pool::begin(const std::shared_ptr<Connection>& connection, std::string leftover)
{
    if (is_closing_) {
        connection->abort();
        net::Closing closing;
        closing.by = net::Closing::By::us;
        dialer_->closed(*connection, closing);
        return false;
    }
    tasks_.spawn("upstream reader", read(connection, std::move(leftover)));
    return true;
}

net::Task<> Pool::read(std::shared_ptr<Connection> connection, std::string leftover)
{
    net::Closing closing;
    std::exception_ptr bug;
    try {
        closing = co_await connection->run(std::move(leftover));
    } catch (...) {
        bug = std::current_exception();
    }
    dialer_->closed(*connection, closing);
    // An idle one that died is taken out now, not found dead by the next turn.
    if (Place* place = places_->of(connection->generation()); place && place->leases == 0)
        places_->remove(*place);
    spares_->died(*connection, Clock::now());
    kept_->died(*connection);
    if (bug)
        std::rethrow_exception(bug);
}

void Pool::on_tick(core::Deadline now)
{
    if (is_closing_)
        return;
    while (Place* expired = places_->idle_before(now - options_.park_ttl))
        close(*expired);
    for (const auto& expired : kept_->take_expired(now))
        expired->close();
    for (const auto& spare : spares_->take_superfluous(now))
        spare->close();
    for (auto& account : spares_->to_dial(now))
        tasks_.spawn("spare", dial_spare(std::move(account)));
}

net::Task<> Pool::close_all()
{
    is_closing_ = true;
    for (SpareDial* dial : spare_dials_)
        dial->stop().request({FaultCode::gateway_draining, {}, "pool closes"});
    for (const Place* place : places_->all())
        place->connection->close();
    for (const auto& kept : kept_->take_all())
        kept->close();
    spares_->want({}, 0);
    for (const auto& spare : spares_->take_superfluous(Clock::now()))
        spare->close();
    co_await tasks_.join();
}

} // namespace turngate::upstream
