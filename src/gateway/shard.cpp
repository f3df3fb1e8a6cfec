#include "shard.hpp"

#include "call.hpp"
#include "log_call.hpp"
#include "models_call.hpp"
#include "session.hpp"
#include "stored_call.hpp"

#include <algorithm>
#include <cstring>

namespace turngate::gateway {
namespace {

constexpr auto kAnswerTimeout = std::chrono::seconds(5); // fixed by behaviour.md section 1

conversation::Chains::Limits chain_limits(const config::Config& config)
{
    return {config.continuity.chain_max_per_session, config.pool.park_ttl};
}

} // namespace

Shard::Shard(Gateway::Parts& parts,
             net::Loop& loop,
             std::vector<std::unique_ptr<Shard>>& all,
             std::shared_ptr<SocketCounts> counts,
             ClientBytes& client_bytes,
             LogPlaces& places,
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
             false,
             {}},
      pool_(loop, parts.dialer, parts.metrics, pool_options(*parts.snapshot->config)),
      chains_(budget, chain_limits(*parts.snapshot->config)), logs_(rooms_, places), drains_(loop),
      state_(parts.state), all_(all), client_bytes_(client_bytes),
      model_lists_(rooms_, client_bytes),
      entrance_(rooms_,
                client_bytes,
                places,
                std::move(counts),
                parts.tls,
                [this](net::Stream stream, Guest guest) {
                    send_home(std::move(stream), std::move(guest));
                }),
      tasks_(loop)
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

// What our own file says of the key is the newer word, if it was read since.
void Shard::revoke(const core::Digest& key, core::Timestamp at)
{
    const config::Config& config = *rooms_.snapshot->config;
    if (config.read_at > at &&
        std::ranges::find(config.keys, key, &config::Key::digest) != config.keys.end())
        return;
    rooms_.revoked.insert(key);
    for (const auto& [id, session] : sessions_)
        if (session->secret() == key)
            session->revoke();
}

void Shard::replace(std::shared_ptr<const Snapshot> snapshot)
{
    if (snapshot->config->read_at != rooms_.snapshot->config->read_at)
        rooms_.revoked.clear(); // it is the newer word
    rooms_.snapshot = std::move(snapshot);
    entrance_.replace(rooms_.snapshot->config->server);
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

class Shard::OpenCall
{
public:
    OpenCall(Shard& shard, HttpCall& call) : shard_(shard), call_(call)
    {
        shard_.calls_.insert(&call_);
        ++shard_.open_;
    }
    ~OpenCall()
    {
        shard_.calls_.erase(&call_);
        --shard_.open_;
    }
    OpenCall(const OpenCall&) = delete;
    OpenCall& operator=(const OpenCall&) = delete;

private:
    Shard& shard_;
    HttpCall& call_;
};

// The loop of its session key, where it may find its connections and what was said; or of the log.
Shard& Shard::home_of(const Guest& guest)
{
    if (const auto* question = std::get_if<LogQuestion>(&guest.wants))
        return *all_[question->loop];
    return *all_[guest.facts.key.prefix() % all_.size()];
}

// Whoever names one of its responses finds this loop by it.
void Shard::make_home(core::Digest& key) const
{
    const std::uint64_t loops = all_.size();
    const std::uint64_t prefix = key.prefix() / 2 / loops * loops + rooms_.loop.index();
    std::memcpy(key.bytes.data(), &prefix, sizeof prefix);
}

void Shard::send_home(net::Stream stream, Guest guest)
{
    if (guest.facts.is_ours)
        make_home(guest.facts.key);
    Shard& home = home_of(guest);
    if (&home == this) {
        receive(std::move(stream), std::move(guest));
        return;
    }
    home.loop().post([&home, moved = stream.pack(), its = std::move(guest)]() mutable {
        home.receive(net::adopt(home.loop(), std::move(moved)), std::move(its));
    });
}

void Shard::receive(net::Stream stream, Guest guest)
{
    if (std::holds_alternative<Upgrade>(guest.wants))
        tasks_.spawn("session", welcome(std::move(stream), std::move(guest)));
    else
        tasks_.spawn("call", answer(std::move(stream), std::move(guest)));
}

net::Task<> Shard::welcome(net::Stream stream, Guest guest)
{
    const auto& upgrade = std::get<Upgrade>(guest.wants);
    const std::string bytes = net::to_bytes(upgrade.response, true);
    const auto written = co_await stream.write_all(bytes, core::Clock::now() + kAnswerTimeout);
    if (!written)
        co_return;
    Session::Opening opening{std::move(stream),
                             std::move(guest.leftover),
                             upgrade.deflate,
                             std::move(guest.facts),
                             std::move(guest.ticket)};
    Session session(rooms_, client_bytes_, std::move(opening));
    const Open open(*this, session);
    if (rooms_.is_draining)
        session.drain();
    if (rooms_.revoked.contains(session.secret()) || !rooms_.snapshot->keys.find(session.secret()))
        session.revoke(); // while it was on its way here
    co_await session.run();
}

net::Task<> Shard::answer(net::Stream stream, Guest guest)
{
    std::string peer = std::move(guest.peer);
    SocketCounts::Ticket ticket = std::move(guest.ticket);
    const auto call = make_call(std::move(stream), std::move(guest));
    bool stays = false;
    {
        const OpenCall open(*this, *call);
        stays = co_await call->run();
    }
    if (stays)
        entrance_.stay(call->release(), call->take_leftover(), std::move(peer), std::move(ticket));
}

std::unique_ptr<HttpCall> Shard::make_call(net::Stream stream, Guest guest)
{
    const auto* create = std::get_if<Request>(&guest.wants);
    if (create && !create->create.is_background)
        return std::make_unique<Call>(rooms_, std::move(stream), std::move(guest));
    if (std::holds_alternative<StoredQuestion>(guest.wants)) {
        const auto forget = [this](const core::Digest& session, const std::string& id) {
            forget_everywhere(session, id);
        };
        return std::make_unique<StoredCall>(
            rooms_, client_bytes_, forget, std::move(stream), std::move(guest));
    }
    if (std::holds_alternative<ModelsQuestion>(guest.wants))
        return std::make_unique<ModelsCall>(
            rooms_, model_lists_, std::move(stream), std::move(guest));
    return std::make_unique<LogCall>(
        rooms_, logs_, client_bytes_, std::move(stream), std::move(guest));
}

// The chain of a socket without a session key is on whichever loop took it.
void Shard::forget_everywhere(const core::Digest& session, const std::string& response_id)
{
    for (const auto& shard : all_)
        shard->loop().post([&its = *shard, session, response_id] {
            if (conversation::Chain* const chain = its.chains_.find(session))
                chain->forget(response_id);
        });
}

void Shard::drain()
{
    rooms_.is_draining = true;
    entrance_.close();
    for (const auto& [id, session] : sessions_)
        session->drain();
}

net::Task<> Shard::finish()
{
    drain();
    shut_down();
    co_await entrance_.finish();
    co_await drains_.join();
    co_await model_lists_.join();
    co_await pool_.close_all();
    co_await tasks_.join();
    news_.reset();
    co_await state_.finish(rooms_.loop);
}

void Shard::shut_down()
{
    for (const auto& [id, session] : sessions_)
        session->shut_down();
    for (HttpCall* call : calls_)
        call->shut_down();
    drains_.close();
    model_lists_.close();
}

} // namespace turngate::gateway
