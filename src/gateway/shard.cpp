#include "shard.hpp"

#include "header_policy.hpp"

#include "turngate/core/bytes.hpp"
#include "turngate/telemetry/log.hpp"

#include <atomic>

namespace turngate::gateway {
namespace {

// Fixed by behaviour.md section 1.
constexpr net::HttpLimits kHttpLimits; // 16 KiB of headers
constexpr auto kTlsTimeout = std::chrono::seconds(5);
constexpr auto kAnswerTimeout = std::chrono::seconds(5);
constexpr std::size_t kMaxUserAgent = 256;

std::atomic<std::uint64_t> last_session{0};

conversation::Chains::Limits chain_limits(const config::Config& config)
{
    return {config.continuity.chain_max_per_session, config.pool.park_ttl};
}

std::vector<std::string> all_forward_headers(const accounts::AccountSet& accounts)
{
    std::vector<std::string> names;
    for (const auto& account : accounts.all())
        names.insert(names.end(),
                     account->config.forward_headers.begin(),
                     account->config.forward_headers.end());
    return names;
}

net::HttpResponse switching_protocols(const net::HttpRequest& request, bool deflate)
{
    net::HttpResponse response;
    response.status = 101;
    response.headers.add("upgrade", "websocket");
    response.headers.add("connection", "Upgrade");
    response.headers.add("sec-websocket-accept",
                         net::websocket_accept(request.headers.get("sec-websocket-key")));
    if (deflate)
        response.headers.add(
            "sec-websocket-extensions",
            "permessage-deflate; server_no_context_takeover; client_no_context_takeover");
    return response;
}

} // namespace

// Someone who may come in, on the way to the loop of their session key.
struct Shard::Guest
{
    net::HttpResponse response; // the 101
    std::string leftover;
    bool deflate = false;
    SessionFacts facts;
    SocketCounts::Ticket ticket;
};

Shard::Shard(Gateway::Parts& parts,
             net::Loop& loop,
             std::vector<std::unique_ptr<Shard>>& all,
             std::shared_ptr<SocketCounts> counts,
             conversation::ChainBudget& budget)
    : rooms_{loop,
             parts.state.store(),
             parts.state.rates(),
             parts.state.bulletin(),
             parts.state.budgets(),
             parts.journal.writer(loop.index()),
             pool_,
             chains_,
             drains_,
             Metrics(parts.metrics),
             parts.snapshot,
             {},
             {},
             {},
             false,
             {}},
      pool_(loop, parts.dialer, parts.metrics, pool_options(*parts.snapshot->config)),
      chains_(budget, chain_limits(*parts.snapshot->config)), drains_(loop), state_(parts.state),
      tls_(parts.tls), all_(all), counts_(std::move(counts)), tasks_(loop)
{
}

upstream::PoolOptions Shard::pool_options(const config::Config& config)
{
    upstream::PoolOptions options;
    options.ping_interval = config.pool.ping_interval;
    options.pong = {config.pool.pong_timeout, config.relay.silence_timeout};
    options.park_ttl = config.pool.park_ttl;
    options.evict_elsewhere = [this](const std::string& account) { evict_elsewhere(account, 0); };
    return options;
}

Shard::~Shard() = default;

void Shard::begin()
{
    state_.start(rooms_.loop);
    if (rooms_.loop.index() == 0)
        news_ = std::make_unique<News>(rooms_);
    replace(rooms_.snapshot);
}

void Shard::revoke(const core::Digest& key)
{
    rooms_.revoked.insert(key);
    for (const auto& [id, session] : sessions_)
        if (session->secret() == key)
            session->revoke();
}

void Shard::replace(std::shared_ptr<const Snapshot> snapshot)
{
    if (snapshot->config != rooms_.snapshot->config)
        rooms_.revoked.clear(); // it is the newer word
    rooms_.snapshot = std::move(snapshot);
    const unsigned all = rooms_.snapshot->config->pool.spares;
    const unsigned loops = static_cast<unsigned>(all_.size());
    const unsigned own = all / loops + (rooms_.loop.index() < all % loops ? 1 : 0);
    pool_.keep_spares(rooms_.snapshot->accounts.all(), own);
}

// From loop to loop, until one has closed an idle connection of the account.
void Shard::evict_elsewhere(const std::string& account, unsigned hops)
{
    if (hops + 1 >= all_.size())
        return;
    Shard& next = *all_[(rooms_.loop.index() + 1) % all_.size()];
    next.loop().post([&next, account, hops] {
        if (!next.pool_.evict(account))
            next.evict_elsewhere(account, hops + 1);
    });
}

void Shard::accept_on(int descriptor)
{
    auto acceptor = std::make_unique<net::Acceptor>(
        rooms_.loop, descriptor, [this](net::Socket socket, std::string peer) {
            tasks_.spawn("door", meet(std::move(socket), std::move(peer)));
        });
    tasks_.spawn("acceptor", acceptor->run());
    acceptors_.push_back(std::move(acceptor));
}

// Known while it is at the door, so that the end of the process does not wait for its handshake.
class Shard::AtDoor
{
public:
    AtDoor(Shard& shard, net::Stream& stream) : shard_(shard), stream_(stream)
    {
        shard_.at_the_door_.push_back(&stream_);
    }
    ~AtDoor() { std::erase(shard_.at_the_door_, &stream_); }
    AtDoor(const AtDoor&) = delete;
    AtDoor& operator=(const AtDoor&) = delete;

private:
    Shard& shard_;
    net::Stream& stream_;
};

// Known while it lives, however it ends.
class Shard::Open
{
public:
    Open(Shard& shard, Session& session) : shard_(shard), id_(session.id())
    {
        shard_.sessions_.emplace(id_, &session);
        ++shard_.open_;
    }
    ~Open()
    {
        shard_.sessions_.erase(id_);
        --shard_.open_;
    }
    Open(const Open&) = delete;
    Open& operator=(const Open&) = delete;

private:
    Shard& shard_;
    std::uint64_t id_;
};

// From the accepted socket to a refusal, or to the loop where the session will live.
net::Task<> Shard::meet(net::Socket socket, std::string peer)
{
    net::Stream stream(std::move(socket));
    const AtDoor at_door(*this, stream);
    const config::Limits limits = rooms_.snapshot->config->limits;
    const auto now = core::Clock::now();
    if (tls_) {
        const auto secure = co_await stream.start_tls(*tls_, {}, now + kTlsTimeout);
        if (!secure)
            co_return;
    }
    auto request =
        co_await net::read_request(stream, {}, kHttpLimits, now + limits.handshake_timeout);
    if (!request) {
        if (request.error().status == 0)
            co_return;
        co_await answer(stream, not_http(request.error().status), false);
        co_return;
    }

    auto verdict = judge(*request, peer, rooms_);
    if (const auto* visitor = std::get_if<Visitor>(&verdict)) {
        const SocketCounts::Limits socket_limits{
            limits.sockets_per_key, limits.sockets_per_ip, limits.sockets};
        auto ticket = counts_->enter(visitor->principal->key, visitor->client_ip, socket_limits);
        if (ticket) {
            const std::string_view name = session_name(request->headers);
            const bool deflate =
                rooms_.snapshot->config->server.deflate && net::offers_deflate(*request);
            const auto guest = std::make_shared<Guest>();
            guest->response = switching_protocols(*request, deflate);
            guest->deflate = deflate;
            guest->facts.id = ++last_session;
            guest->facts.key = session_key(visitor->principal->tenant, name);
            guest->facts.is_named = !name.empty();
            guest->facts.secret = visitor->principal->digest;
            guest->facts.tenant = visitor->principal->tenant;
            guest->facts.client_ip = visitor->client_ip;
            guest->facts.user_agent =
                core::clean_utf8(request->headers.get("user-agent"), kMaxUserAgent);
            guest->facts.forward =
                forwardable(request->headers, all_forward_headers(rooms_.snapshot->accounts));
            guest->leftover = std::move(request->leftover);
            guest->ticket.swap(*ticket);
            Shard& home =
                *all_[name.empty() ? rooms_.loop.index() : guest->facts.key.prefix() % all_.size()];
            if (&home == this || stream.is_tls()) {
                tasks_.spawn("session", welcome(std::move(stream), guest));
            } else {
                const int descriptor = stream.release();
                home.loop().post([&home, descriptor, guest] { home.receive(descriptor, guest); });
            }
            co_return;
        }
        verdict = too_many_sockets();
    }
    auto& refusal = std::get<Refusal>(verdict);
    if (refusal.status >= 400) {
        rooms_.metrics.refused_upgrades.add();
        telemetry::log_info("upgrade refused", {{"status", refusal.status}, {"peer", peer}});
    }
    co_await answer(stream, std::move(refusal), request->method == "HEAD");
}

net::Task<> Shard::answer(net::Stream& stream, net::HttpResponse response, bool is_head)
{
    const std::string bytes = net::to_bytes(response, false, is_head);
    const auto deadline = core::Clock::now() + kAnswerTimeout;
    const auto written = co_await stream.write_all(bytes, deadline);
    if (written)
        co_await stream.linger(deadline);
}

void Shard::receive(int descriptor, std::shared_ptr<Guest> guest)
{
    tasks_.spawn("session", welcome(net::adopt(rooms_.loop, descriptor), std::move(guest)));
}

net::Task<> Shard::welcome(net::Stream stream, std::shared_ptr<Guest> guest)
{
    const std::string bytes = net::to_bytes(guest->response, true);
    const auto written = co_await stream.write_all(bytes, core::Clock::now() + kAnswerTimeout);
    if (!written)
        co_return;
    Session::Opening opening{std::move(stream),
                             std::move(guest->leftover),
                             guest->deflate,
                             std::move(guest->facts),
                             std::move(guest->ticket)};
    guest.reset();
    Session session(rooms_, std::move(opening));
    const Open open(*this, session);
    if (rooms_.is_draining)
        session.drain();
    if (rooms_.revoked.contains(session.secret()) || !rooms_.snapshot->keys.find(session.secret()))
        session.revoke(); // while it was on its way here
    co_await session.run();
}

void Shard::drain()
{
    rooms_.is_draining = true;
    for (const auto& acceptor : acceptors_)
        acceptor->close();
    for (const auto& [id, session] : sessions_)
        session->drain();
}

net::Task<> Shard::finish()
{
    drain();
    shut_down();
    for (net::Stream* stream : at_the_door_)
        stream->close();
    co_await drains_.join();
    co_await pool_.close_all();
    co_await tasks_.join();
    news_.reset();
    co_await state_.finish(rooms_.loop);
}

void Shard::shut_down()
{
    for (const auto& [id, session] : sessions_)
        session->shut_down();
    drains_.close();
}

} // namespace turngate::gateway
