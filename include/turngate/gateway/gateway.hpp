#pragma once

#include "turngate/gateway/snapshot.hpp"
#include "turngate/net/descriptors.hpp"
#include "turngate/net/listener.hpp"
#include "turngate/net/loop.hpp"
#include "turngate/net/tls.hpp"
#include "turngate/state/state.hpp"
#include "turngate/telemetry/metrics.hpp"
#include "turngate/usage/journal.hpp"

#include <atomic>
#include <future>
#include <memory>
#include <string>
#include <vector>

namespace turngate::conversation {
class ChainBudget;
}

namespace turngate::gateway {

// One loop's part: its acceptors, sessions and upstream connections. Made before the loop runs; all
// else on its thread.
class Shard;
struct ClientBytes;
class LogPlaces;

// The client's side of the whole process: a shard for each loop. The references outlive it.
class Gateway
{
public:
    struct Parts
    {
        std::vector<std::unique_ptr<net::Loop>>& loops;
        state::State& state;
        usage::JournalDirectory& journal;
        net::Dialer& dialer;
        telemetry::Metrics& metrics;
        std::shared_ptr<const net::TlsContext> tls; // of the listeners; null: plain
        std::shared_ptr<const Snapshot> snapshot;
    };

    explicit Gateway(Parts parts);
    ~Gateway();

    // Begins to accept. Before the loops run, or from any thread.
    void listen(const std::vector<net::ListenSocket>& sockets);

    // A new configuration for the turns to come. Any thread.
    void replace(std::shared_ptr<const Snapshot> snapshot);
    // Another certificate for the connections to come; null: plain. Any thread.
    void replace(std::shared_ptr<const net::TlsContext> tls);

    // The key was revoked, here or at another gateway: its sockets close. Any thread.
    void revoke(const core::Digest& key, core::Timestamp at);

    // Stops accepting, refuses new turns, closes idle sockets with 1012. Any thread; returns at
    // once.
    void drain();
    // Ends what still runs. Any thread.
    void shut_down();

    // The last step, after the sessions are gone: ends acceptors, doors and upstream connections.
    // One future for each loop, ready when no task of ours runs there.
    std::vector<std::future<void>> finish();

    // What the end of the process waits for: open sockets, and turns that read on without theirs
    // (`usage.aborted_turns: drain`).
    std::size_t sessions() const noexcept;
    bool is_draining() const noexcept { return is_draining_; }

private:
    std::unique_ptr<conversation::ChainBudget> chain_budget_;
    std::unique_ptr<ClientBytes> client_bytes_;
    std::unique_ptr<LogPlaces> log_places_;
    const net::Descriptors descriptors_;
    std::vector<std::unique_ptr<Shard>> shards_;
    std::atomic<bool> is_draining_{false};
};

} // namespace turngate::gateway
