#pragma once

#include "admin_sources.hpp"
#include "books.hpp"
#include "config_now.hpp"
#include "credentials.hpp"
#include "database.hpp"
#include "snapshots.hpp"
#include "watchdog.hpp"

#include "turngate/admin/server.hpp"
#include "turngate/gateway/gateway.hpp"
#include "turngate/net/dial.hpp"
#include "turngate/net/loop.hpp"
#include "turngate/state/state.hpp"
#include "turngate/telemetry/metrics.hpp"
#include "turngate/usage/journal.hpp"
#include "turngate/usage/settler.hpp"

#include <boost/asio/signal_set.hpp>

#include <memory>
#include <string>
#include <thread>
#include <vector>

namespace turngate::app {

// The graph of the whole daemon, in the order of dependency: destruction runs the other way.
class Process
{
public:
    // Throws std::runtime_error when something cannot be had: a port, a file, the database.
    Process(std::string config_path,
            std::shared_ptr<const config::Config> config,
            std::shared_ptr<const usage::PriceTable> prices);
    ~Process();

    // Serves until it was drained. Returns the exit code.
    int run();

private:
    void read_books();
    void replace(std::shared_ptr<const gateway::Snapshot> snapshot);
    void listen();
    void on_signal();
    void drain();
    void wait_for_sessions();
    void settle_last();
    bool finish();
    admin::Sources admin_sources();

    std::shared_ptr<const config::Config> config_; // as it was at the start
    ConfigNow config_now_;

    telemetry::Metrics metrics_;
    std::vector<std::unique_ptr<net::Loop>> loops_;
    std::unique_ptr<state::State> state_;
    Snapshots snapshots_; // admin loop's thread
    usage::JournalDirectory journal_;
    Database database_;
    net::Loop admin_loop_;
    std::unique_ptr<net::Dialer> dialer_;
    gateway::Gateway gateway_;
    Credentials credentials_;
    Spendings spendings_;
    usage::Settler settler_;
    Books books_;
    AdminSources sources_;
    admin::LedgerThreads ledger_threads_;
    admin::Server admin_;
    Watchdog watchdog_;

    boost::asio::signal_set signals_;
    net::Timer drain_timer_;
    std::vector<std::string> addresses_;
    std::vector<std::string> own_unix_paths_; // made by us: taken away at the end
    std::vector<std::thread> threads_;
    core::Deadline drain_by_ = core::Deadline::max();
    bool was_cut_ = false; // the drain deadline came while turns ran
};

} // namespace turngate::app
