#pragma once

#include "client_bytes.hpp"
#include "drains.hpp"
#include "entrance.hpp"
#include "event_logs.hpp"
#include "http_call.hpp"
#include "model_lists.hpp"
#include "news.hpp"
#include "rooms.hpp"
#include "session.hpp"

#include "turngate/gateway/gateway.hpp"
#include "turngate/net/task_group.hpp"

#include <atomic>
#include <map>
#include <memory>
#include <set>
#include <vector>

namespace turngate::gateway {

class Shard
{
public:
    Shard(Gateway::Parts& parts,
          net::Loop& loop,
          std::vector<std::unique_ptr<Shard>>& all,
          std::shared_ptr<SocketCounts> counts,
          ClientBytes& client_bytes,
          LogPlaces& places,
          conversation::ChainBudget& budget);
    ~Shard();

    // On the loop's thread.
    Entrance& entrance() noexcept { return entrance_; }
    void begin(); // once all shards are there
    void replace(std::shared_ptr<const Snapshot> snapshot);
    void revoke(const core::Digest& key, core::Timestamp at);
    void drain();
    void shut_down();
    net::Task<> finish(); // ends everything and waits for it

    net::Loop& loop() noexcept { return rooms_.loop; }
    // And calls; turns that read on without theirs included. Any thread.
    std::size_t sessions() const noexcept
    {
        return open_.load(std::memory_order_relaxed) + drains_.running();
    }

private:
    class Open;
    class OpenCall;

    upstream::PoolOptions pool_options(const config::Config& config);
    void evict_elsewhere(const std::string& account, unsigned hops);
    void send_home(net::Stream stream, Guest guest);
    void receive(net::Stream stream, Guest guest);
    net::Task<> welcome(net::Stream stream, Guest guest);
    net::Task<> answer(net::Stream stream, Guest guest);
    Shard& home_of(const Guest& guest);
    void make_home(core::Digest& key) const;
    std::unique_ptr<HttpCall> make_call(net::Stream stream, Guest guest);
    void forget_everywhere(const core::Digest& session, const std::string& response_id);

    Rooms rooms_;
    upstream::Pool pool_;
    conversation::Chains chains_;
    EventLogs logs_; // before the turns that write them
    Drains drains_;
    state::State& state_;
    std::unique_ptr<News> news_; // on one loop
    std::vector<std::unique_ptr<Shard>>& all_;
    ClientBytes& client_bytes_;
    ModelLists model_lists_;
    Entrance entrance_;
    std::map<std::uint64_t, Session*> sessions_;
    std::set<HttpCall*> calls_;
    std::atomic<std::size_t> open_{0};
    net::TaskGroup tasks_;
};

} // namespace turngate::gateway
