#include "turngate/gateway/gateway.hpp"

#include "shard.hpp"

#include "turngate/telemetry/log.hpp"

#include <boost/asio/co_spawn.hpp>
#include <boost/asio/use_future.hpp>

#include <numeric>

namespace turngate::gateway {

Gateway::Gateway(Parts parts)
    : chain_budget_(std::make_unique<conversation::ChainBudget>(
          parts.snapshot->config->continuity.chain_max_total)),
      client_bytes_(std::make_unique<ClientBytes>(parts.snapshot->config->limits.waiting_total)),
      log_places_(std::make_unique<LogPlaces>(parts.snapshot->config->background.max_total)),
      descriptors_(net::descriptors())
{
    const unsigned wanted = parts.snapshot->config->limits.sockets;
    if (descriptors_.clients() < wanted)
        telemetry::log_warn("there are descriptors for fewer clients than limits.sockets",
                            {{"clients", descriptors_.clients()},
                             {"sockets", wanted},
                             {"descriptors", descriptors_.most}});
    const auto counts = std::make_shared<SocketCounts>(descriptors_.clients());
    for (const auto& loop : parts.loops)
        shards_.push_back(std::make_unique<Shard>(
            parts, *loop, shards_, counts, *client_bytes_, *log_places_, *chain_budget_));
    for (const auto& shard : shards_)
        shard->loop().post([&shard = *shard] { shard.begin(); });
}

Gateway::~Gateway() = default;

void Gateway::listen(const std::vector<net::ListenSocket>& sockets)
{
    for (const net::ListenSocket& socket : sockets)
        for (std::size_t i = 0; i < socket.descriptors.size(); ++i) {
            Shard& shard = *shards_[i];
            shard.loop().post(
                [&shard, descriptor = socket.descriptors[i], below = descriptors_.below()] {
                    shard.entrance().accept_on(descriptor, below);
                });
        }
}

void Gateway::replace(std::shared_ptr<const Snapshot> snapshot)
{
    client_bytes_->set_most(snapshot->config->limits.waiting_total);
    log_places_->bytes.set_most(snapshot->config->background.max_total);
    for (const auto& shard : shards_)
        shard->loop().post([&shard = *shard, snapshot] { shard.replace(snapshot); });
}

void Gateway::replace(std::shared_ptr<const net::TlsContext> tls)
{
    for (const auto& shard : shards_)
        shard->loop().post([&shard = *shard, tls] { shard.entrance().replace(tls); });
}

void Gateway::revoke(const core::Digest& key, core::Timestamp at)
{
    for (const auto& shard : shards_)
        shard->loop().post([&shard = *shard, key, at] { shard.revoke(key, at); });
}

void Gateway::drain()
{
    is_draining_ = true;
    for (const auto& shard : shards_)
        shard->loop().post([&shard = *shard] { shard.drain(); });
}

void Gateway::shut_down()
{
    for (const auto& shard : shards_)
        shard->loop().post([&shard = *shard] { shard.shut_down(); });
}

std::vector<std::future<void>> Gateway::finish()
{
    std::vector<std::future<void>> ended;
    for (const auto& shard : shards_)
        ended.push_back(
            net::asio::co_spawn(shard->loop().executor(), shard->finish(), net::asio::use_future));
    return ended;
}

std::size_t Gateway::sessions() const noexcept
{
    return std::accumulate(
        shards_.begin(), shards_.end(), std::size_t{0}, [](std::size_t sum, const auto& shard) {
            return sum + shard->sessions();
        });
}

} // namespace turngate::gateway
