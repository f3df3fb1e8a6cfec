#pragma once

#include "door.hpp"
#include "drains.hpp"
#include "news.hpp"
#include "rooms.hpp"
#include "session.hpp"

#include "turngate/gateway/gateway.hpp"
#include "turngate/net/task_group.hpp"

#include <atomic>
#include <map>
#include <memory>
#include <vector>

namespace turngate::gateway {

class Shard
{
public:
    Shard(Gateway::Parts& parts,
          net::Loop& loop,
          std::vector<std::unique_ptr<Shard>>& all,
          std::shared_ptr<SocketCounts> counts,
          conversation::ChainBudget& budget);
    ~Shard();

    // On the loop's thread.
    void accept_on(int descriptor);
    void begin(); // once all shards are there
    void replace(std::shared_ptr<const Snapshot> snapshot);
    void revoke(const core::Digest& key);
    void drain();
    void shut_down();
    net::Task<> finish(); // ends everything and waits for it

    net::Loop& loop() noexcept { return rooms_.loop; }
    // Turns that read on without theirs included. Any thread.
    std::size_t sessions() const noexcept
    {
        return open_.load(std::memory_order_relaxed) + drains_.running();
    }

private:
    struct Guest;
    class AtDoor;
    class Open;

    upstream::PoolOptions pool_options(const config::Config& config);
    void evict_elsewhere(const std::string& account, unsigned hops);
    net::Task<> meet(net::Socket socket, std::string peer);
    net::Task<> answer(net::Stream& stream, net::HttpResponse response, bool is_head);
    net::Task<> welcome(net::Stream stream, std::shared_ptr<Guest> guest);
    void receive(int descriptor, std::shared_ptr<Guest> guest);

    Rooms rooms_;
    upstream::Pool pool_;
    conversation::Chains chains_;
    Drains drains_;
    state::State& state_;
    std::unique_ptr<News> news_; // on one loop
    std::shared_ptr<const net::TlsContext> tls_;
    std::vector<std::unique_ptr<Shard>>& all_;
    std::shared_ptr<SocketCounts> counts_;
    std::vector<std::unique_ptr<net::Acceptor>> acceptors_;
    std::map<std::uint64_t, Session*> sessions_;
    std::vector<net::Stream*> at_the_door_; // not upgraded yet
    std::atomic<std::size_t> open_{0};
    net::TaskGroup tasks_;
};

} // namespace turngate::gateway
