#include "turngate/upstream/pool.hpp"

#include "turngate/telemetry/log.hpp"

#include <algorithm>
#include <exception>
#include <utility>

namespace turngate::upstream {
namespace {

using telemetry::log_debug;
using telemetry::log_info;

// Counts a physical connection of the account while it lives or is being dialed.
class Counted
{
public:
    explicit Counted(std::atomic<unsigned>& count) : count_(&count) { ++count; }
    ~Counted()
    {
        if (count_)
            --*count_;
    }
    Counted(Counted&& other) noexcept : count_(std::exchange(other.count_, nullptr)) {}
    Counted& operator=(Counted&&) = delete;
    void keep() { count_ = nullptr; } // someone else counts down

private:
    std::atomic<unsigned>* count_;
};

} // namespace

Lease::Lease(Pool& pool, std::uint64_t session, std::shared_ptr<Connection> connection, How how)
    : pool_(&pool), session_(session), connection_(std::move(connection)), how_(how)
{
    ++connection_->account().life->leased;
}

Lease::Lease(Lease&& other) noexcept
    : pool_(std::exchange(other.pool_, nullptr)), session_(other.session_),
      connection_(std::move(other.connection_)), how_(other.how_)
{
}

Lease::~Lease()
{
    if (!pool_)
        return;
    --connection_->account().life->leased;
    pool_->discard(std::move(connection_));
}

void Lease::park() &&
{
    --connection_->account().life->leased;
    std::exchange(pool_, nullptr)->park(session_, std::move(connection_));
}

Pool::Pool(net::Loop& loop, net::Dialer& dialer, telemetry::Metrics& metrics, PoolOptions options)
    : loop_(loop), dialer_(dialer), options_(options), readers_(loop),
      dials_ok_(metrics.counter(
          "turngate_upstream_dials_total", "Upstream dials by result", {{"result", "ok"}})),
      dials_failed_(metrics.counter(
          "turngate_upstream_dials_total", "Upstream dials by result", {{"result", "failed"}})),
      reused_(metrics.counter("turngate_upstream_reused_total",
                              "Turns that found their session's connection open")),
      open_(metrics.gauge("turngate_upstream_connections", "Open upstream connections"))
{
}

Pool::~Pool() = default;

std::shared_ptr<const Connection> Pool::parked(std::uint64_t session) const
{
    const auto found = parked_.find(session);
    return found != parked_.end() && found->second->is_usable() ? found->second : nullptr;
}

net::Task<boost::system::result<Lease, LeaseFault>> Pool::lease(
    std::uint64_t session,
    std::shared_ptr<const accounts::Account> account,
    const net::HttpHeaders& headers,
    net::Stop& stop)
{
    if (const auto found = parked_.find(session); found != parked_.end()) {
        auto connection = std::move(found->second);
        parked_.erase(found);
        --connection->account().life->parked;
        if (connection->is_usable() && connection->account().config.name == account->config.name) {
            reused_.add();
            co_return Lease(*this, session, std::move(connection), Lease::How::reused);
        }
        discard(std::move(connection));
    }
    if (!make_room(*account)) {
        const core::Fault fault{core::FaultCode::rate_limited, {}, "account.max_connections"};
        co_return LeaseFault{fault, {}};
    }
    Counted counted(account->life->connections);

    net::DialTarget target{account->url, account->proxy, headers};
    target.headers.add("authorization", "Bearer " + account->config.api_key);
    const auto started = core::Clock::now();
    const auto deadline = started + options_.dial_timeout;
    ++account->life->dials;
    auto dialed = co_await dialer_.dial(loop_, std::move(target), deadline, stop);
    const auto ms =
        std::chrono::duration_cast<std::chrono::milliseconds>(core::Clock::now() - started).count();
    if (!dialed) {
        const core::Fault& fault = dialed.error().fault;
        dials_failed_.add();
        log_info("upstream dial failed",
                 {{"account", account->config.name},
                  {"fault", core::name_of(fault.code)},
                  {"where", fault.where},
                  {"status", fault.status},
                  {"error", fault.cause.message()},
                  {"ms", ms}});
        co_return std::move(dialed).error();
    }
    dials_ok_.add();

    net::WebSocketOptions options;
    options.role = net::Role::client;
    options.ping_interval = options_.ping_interval;
    options.limits.max_message = 64ull << 20; // protocol.md 10.3: no client takes more
    auto connection = std::make_shared<Connection>(
        loop_, account, std::move(dialed->stream), options, options_.pong);
    counted.keep();
    all_.emplace(connection->generation(), connection);
    open_.add(1);
    log_info(
        "upstream connection begun",
        {{"account", account->config.name}, {"connection", connection->generation()}, {"ms", ms}});
    readers_.spawn("upstream reader", read(session, connection, std::move(dialed->leftover)));
    co_return Lease(*this, session, std::move(connection), Lease::How::dialed);
}

net::Task<> Pool::read(std::uint64_t session,
                       std::shared_ptr<Connection> connection,
                       std::string leftover)
{
    net::Closing closing;
    std::exception_ptr bug;
    try {
        closing = co_await connection->run(std::move(leftover));
    } catch (...) {
        bug = std::current_exception();
    }
    all_.erase(connection->generation());
    open_.add(-1);
    --connection->account().life->connections;
    const auto age = std::chrono::duration_cast<std::chrono::seconds>(core::Clock::now() -
                                                                      connection->dialed_at());
    log_info("upstream connection ended",
             {{"account", connection->account().config.name},
              {"connection", connection->generation()},
              {"by", net::name_of(closing.by)},
              {"code", closing.code},
              {"reason", closing.reason},
              {"error", closing.error ? closing.error.message() : std::string()},
              {"age_s", age.count()},
              {"bytes_in", connection->bytes_in()},
              {"bytes_out", connection->bytes_out()}});
    // A parked one that died is taken out now, not found dead by the next turn.
    const auto parked = parked_.find(session);
    if (parked != parked_.end() && parked->second == connection) {
        --connection->account().life->parked;
        parked_.erase(parked);
    }
    if (bug)
        std::rethrow_exception(bug);
}

void Pool::park(std::uint64_t session, std::shared_ptr<Connection> connection)
{
    connection->detach();
    if (!connection->is_usable())
        return;
    log_debug("upstream connection parked",
              {{"connection", connection->generation()}, {"session", session}});
    ++connection->account().life->parked;
    parked_[session] = std::move(connection);
}

void Pool::discard(std::shared_ptr<Connection> connection)
{
    connection->detach();
    connection->close();
}

void Pool::leave(std::uint64_t session)
{
    const auto found = parked_.find(session);
    if (found == parked_.end())
        return;
    auto connection = std::move(found->second);
    parked_.erase(found);
    --connection->account().life->parked;
    discard(std::move(connection));
}

// The limit counts what is parked too; a parked one may always be closed for a turn that runs.
bool Pool::make_room(const accounts::Account& account)
{
    if (account.life->connections < account.config.max_connections)
        return true;
    const auto victim = std::find_if(parked_.begin(), parked_.end(), [&](const auto& entry) {
        return entry.second->account().config.name == account.config.name;
    });
    if (victim == parked_.end())
        return false;
    log_debug("upstream connection evicted", {{"connection", victim->second->generation()}});
    leave(victim->first);
    return true;
}

net::Task<> Pool::close_all()
{
    for (const auto& [generation, weak] : all_)
        if (const auto connection = weak.lock())
            connection->close();
    co_await readers_.join();
}

} // namespace turngate::upstream
