#include "process.hpp"

#include "accounts_json.hpp"
#include "balances_json.hpp"
#include "commands.hpp"
#include "systemd.hpp"

#include "turngate/telemetry/log.hpp"

#include <boost/asio/co_spawn.hpp>
#include <boost/asio/use_future.hpp>
#include <nlohmann/json.hpp>
#include <unistd.h>

#include <algorithm>
#include <future>

namespace turngate::app {
namespace {

using core::Clock;

constexpr auto kAfterDeadline =
    std::chrono::seconds(3); // for the aborted turns' bills and closing handshakes
constexpr auto kSettle = std::chrono::seconds(10);
constexpr auto kFirstReading = std::chrono::seconds(2);
constexpr auto kWatch = std::chrono::milliseconds(500);

std::shared_ptr<const gateway::Snapshot> make_snapshot(
    std::shared_ptr<const config::Config> config,
    std::shared_ptr<const usage::PriceTable> prices,
    const std::optional<access::Registry>& registry,
    access::UserSlots& slots,
    accounts::AccountLives& lives)
{
    access::KeyRing keys(*config, slots, registry);
    accounts::AccountSet accounts(*config, lives);
    return std::make_shared<const gateway::Snapshot>(gateway::Snapshot{
        std::move(config), std::move(keys), std::move(accounts), std::move(prices)});
}

std::vector<std::unique_ptr<net::Loop>> make_loops(unsigned threads)
{
    if (threads == 0)
        threads = std::max(1u, std::thread::hardware_concurrency());
    std::vector<std::unique_ptr<net::Loop>> loops;
    for (unsigned i = 0; i < threads; ++i)
        loops.push_back(std::make_unique<net::Loop>(i));
    return loops;
}

std::vector<net::Loop*> pointers(const std::vector<std::unique_ptr<net::Loop>>& loops)
{
    std::vector<net::Loop*> all;
    for (const auto& loop : loops)
        all.push_back(loop.get());
    return all;
}

usage::JournalOptions journal_options(const config::Journal& config)
{
    usage::JournalOptions options;
    options.dir = config.dir;
    options.fsync = config.fsync;
    return options;
}

std::shared_ptr<const net::TlsContext> listener_tls(const config::Config& config)
{
    if (!config.server.tls)
        return nullptr;
    return net::TlsContext::server(config.server.tls->cert, config.server.tls->key);
}

net::ListenSocket adopt_passed(int descriptor, const std::string& address, std::size_t loops)
{
    net::ListenSocket socket;
    socket.address = address;
    socket.descriptors.push_back(descriptor);
    while (socket.descriptors.size() < loops)
        socket.descriptors.push_back(::dup(descriptor));
    return socket;
}

} // namespace

Process::Process(std::string config_path,
                 std::shared_ptr<const config::Config> config,
                 std::shared_ptr<const usage::PriceTable> prices)
    : config_path_(std::move(config_path)), config_(std::move(config)), started_(Clock::now()),
      loops_(make_loops(config_->server.threads)),
      state_(state::make_state(*config_, pointers(loops_))), user_slots_(*state_),
      account_lives_(state_.get()),
      snapshot_(make_snapshot(config_, std::move(prices), {}, user_slots_, account_lives_)),
      journal_(journal_options(config_->usage.journal)), database_(config_->usage),
      admin_loop_(static_cast<unsigned>(loops_.size())),
      books_(
          {[this] { return database_.open(); },
           state_->budgets(),
           [this] { admin_loop_.post([this] { load(snapshot_->config, snapshot_->prices); }); }}),
      settler_(
          journal_,
          config_->usage.journal.fsync,
          [this] { return database_.open(); },
          metrics_,
          [this](const auto& records) { books_.settled(records); }),
      dialer_(net::make_dialer(net::TlsContext::client())),
      gateway_({loops_, *state_, journal_, *dialer_, metrics_, listener_tls(*config_), snapshot_}),
      admin_(admin_loop_,
             config_->admin.token,
             {metrics_,
              [this] { return not_ready(); },
              [this] { return status(); },
              [this] { return accounts(); },
              [this] { return balances(); },
              [this] { return database_.open(); },
              [this] { return reload(); },
              [this] { drain(); }}),
      signals_(admin_loop_.context(), SIGTERM, SIGINT, SIGHUP), watch_timer_(admin_loop_.context()),
      drain_timer_(admin_loop_.context())
{
    state_->bulletin().on_revoked([this](const core::Digest& key) { gateway_.revoke(key); });
    read_books();
    listen();
}

Process::~Process() = default;

// Before the first client comes: the bills of a previous life are settled, and what users and keys
// have left is known. A repository that is away does not keep us from serving.
void Process::read_books()
{
    settler_.settle_all(kFirstReading);
    books_.read_now(kFirstReading);
    load(snapshot_->config, snapshot_->prices);
    books_.read_now(kFirstReading); // whose limits are known only now
}

// For the turns to come.
void Process::load(std::shared_ptr<const config::Config> config,
                   std::shared_ptr<const usage::PriceTable> prices)
{
    snapshot_ = make_snapshot(
        std::move(config), std::move(prices), books_.registry(), user_slots_, account_lives_);
    books_.watch(snapshot_->keys.budgeted());
    gateway_.replace(snapshot_);
}

void Process::listen()
{
    std::vector<net::ListenSocket> sockets;
    const std::vector<int> passed = passed_sockets();
    const auto& wanted = config_->server.listen;
    for (std::size_t i = 0; i < wanted.size(); ++i) {
        if (i < passed.size())
            sockets.push_back(adopt_passed(passed[i], wanted[i], loops_.size()));
        else
            sockets.push_back(net::listen_on(wanted[i], static_cast<unsigned>(loops_.size())));
        addresses_.push_back(sockets.back().address);
        if (sockets.back().is_unix)
            own_unix_paths_.push_back(wanted[i].substr(std::string_view("unix:").size()));
    }
    const net::ListenSocket admin = net::listen_on(config_->admin.listen, 1);
    gateway_.listen(sockets);
    admin_loop_.post(
        [this, descriptor = admin.descriptors.front()] { admin_.accept_on(descriptor); });
    for (const std::string& address : addresses_)
        telemetry::log_info("listening",
                            {{"address", address}, {"tls", config_->server.tls.has_value()}});
    telemetry::log_info("admin listening", {{"address", admin.address}});
}

int Process::run()
{
    for (const auto& loop : loops_)
        threads_.emplace_back([&loop = *loop] { loop.run(); });
    on_signal();
    watch();
    admin_loop_.post([] { notify_systemd("READY=1"); });
    admin_loop_.run(); // until wait_for_sessions() stops it
    const bool is_clean = finish();
    for (const std::string& path : own_unix_paths_)
        ::unlink(path.c_str());
    const bool is_settled = settler_.settle_all(kSettle);
    database_.cut(); // what is not settled by now is in the journal
    telemetry::log_info("stopped", {{"cut", was_cut_}, {"settled", is_settled}});
    if (!is_clean)
        ::_exit(
            exit_drain_deadline); // a task hangs; what it refers to must not be taken from under it
    return was_cut_ ? exit_drain_deadline : exit_fine;
}

void Process::on_signal()
{
    signals_.async_wait([this](boost::system::error_code error, int number) {
        if (error)
            return;
        if (number == SIGHUP) {
            for (const std::string& complaint : reload())
                telemetry::log_error("not reloaded", {{"complaint", complaint}});
        } else {
            drain();
        }
        on_signal();
    });
}

// The watchdog hears of us from the admin loop, and only while no loop is stuck.
void Process::watch()
{
    update_gauges();
    if (const auto interval = watchdog_interval(); interval && *interval >= kWatch)
        notify_systemd("WATCHDOG=1");
    watch_timer_.expires_after(kWatch);
    watch_timer_.async_wait([this](boost::system::error_code error) {
        if (!error)
            watch();
    });
}

void Process::update_gauges()
{
    for (const auto& loop : loops_)
        metrics_
            .gauge("turngate_loop_lag_seconds",
                   "How late a loop's last tick came",
                   {{"loop", std::to_string(loop->index())}})
            .set(std::chrono::duration<double>(loop->lag()).count());
    const state::Health store = state_->health();
    const auto set = [&](const char* name, const char* help, double value) {
        metrics_.gauge(name, help).set(value);
    };
    set("turngate_state_loops_up", "Loops that share their state", store.loops_up);
    set("turngate_state_operations", "Operations sent to Redis", double(store.operations));
    set("turngate_state_skipped", "Operations not sent: Redis is away", double(store.skipped));
    set("turngate_state_late", "Operations that were not answered in time", double(store.late));
    set("turngate_state_seconds", "Sum of the answers' times", double(store.latency_us) / 1e6);
    const auto now = Clock::now();
    for (const auto& account : snapshot_->accounts.all()) {
        const telemetry::Labels labels{{"account", account->config.name}};
        const accounts::AccountLife& life = *account->life;
        metrics_.gauge("turngate_account_error_rate", "Share of failed turns of late", labels)
            .set(life.health.errors.value());
        metrics_.gauge("turngate_account_cooling", "1 while the account is left alone", labels)
            .set(life.is_cooling(now) ? 1 : 0);
        metrics_.gauge("turngate_account_breaker_open", "1 while its breaker is open", labels)
            .set(life.breaker.phase(now) == accounts::Breaker::Phase::open ? 1 : 0);
    }
}

void Process::drain()
{
    if (std::exchange(is_draining_, true))
        return;
    telemetry::log_info("draining", {{"sessions", gateway_.sessions()}});
    notify_systemd("STOPPING=1");
    drain_by_ = Clock::now() + config_->server.drain_timeout;
    gateway_.drain();
    wait_for_sessions();
}

void Process::wait_for_sessions()
{
    const auto now = Clock::now();
    if (now >= drain_by_ && !was_cut_ && gateway_.sessions() > 0) {
        was_cut_ = true;
        telemetry::log_warn("drain deadline", {{"sessions", gateway_.sessions()}});
        gateway_.shut_down();
    }
    if (now >= drain_by_ + kAfterDeadline || gateway_.sessions() == 0) {
        admin_loop_.stop();
        return;
    }
    drain_timer_.expires_after(std::chrono::milliseconds(20));
    drain_timer_.async_wait([this](boost::system::error_code error) {
        if (!error)
            wait_for_sessions();
    });
}

// Every task of every loop has ended when this returns true.
bool Process::finish()
{
    bool is_clean = true;
    const auto deadline = Clock::now() + kAfterDeadline;
    auto ended = gateway_.finish();
    for (auto& each : ended)
        is_clean = each.wait_until(deadline) == std::future_status::ready && is_clean;
    for (const auto& loop : loops_)
        loop->stop();
    if (is_clean)
        for (auto& thread : threads_)
            thread.join();

    signals_.cancel();
    watch_timer_.cancel();
    admin_loop_.context().restart();
    auto admin_ended =
        boost::asio::co_spawn(admin_loop_.executor(), admin_.finish(), boost::asio::use_future);
    const auto is_ended = [&] {
        return admin_ended.wait_for(std::chrono::seconds(0)) == std::future_status::ready;
    };
    while (!is_ended() && Clock::now() < deadline)
        admin_loop_.context().run_one_until(deadline);
    return is_clean && is_ended();
}

std::vector<std::string> Process::reload()
{
    std::vector<std::string> complaints;
    const config::Loaded loaded = config::load(config_path_);
    for (const config::Complaint& complaint : loaded.complaints)
        complaints.push_back(complaint.text());
    if (!loaded.config)
        return complaints;
    const config::Pricing& pricing = loaded.config->pricing;
    const usage::LoadedPrices prices = usage::load_prices(pricing.file, pricing.unknown_model);
    complaints.insert(complaints.end(), prices.complaints.begin(), prices.complaints.end());
    if (!prices.table)
        return complaints;
    const auto before = snapshot_;
    load(loaded.config, prices.table);
    for (const config::Key& key : before->config->keys)
        if (!snapshot_->keys.find(key.digest))
            state_->bulletin().revoke(key.digest); // its sockets close at every gateway
    telemetry::log_info("reloaded",
                        {{"accounts", snapshot_->config->accounts.size()},
                         {"keys", snapshot_->config->keys.size()},
                         {"prices", snapshot_->prices->version}});
    return complaints;
}

bool Process::journal_is_healthy() const
{
    return std::all_of(loops_.begin(), loops_.end(), [&](const auto& loop) {
        return journal_.writer(loop->index()).is_healthy();
    });
}

std::vector<std::string> Process::not_ready() const
{
    std::vector<std::string> reasons;
    if (is_draining_)
        reasons.emplace_back("draining");
    if (!journal_is_healthy())
        reasons.emplace_back("the journal cannot be written");
    return reasons;
}

std::string Process::accounts() const
{
    return nlohmann::ordered_json{{"data", accounts_json(snapshot_->accounts)}}.dump();
}

std::string Process::balances()
{
    return balances_json(database_.open()->balances(), *snapshot_->config, state_->budgets());
}

std::string Process::status() const
{
    nlohmann::ordered_json status;
    status["version"] = TURNGATE_VERSION;
    status["uptime_s"] =
        std::chrono::duration_cast<std::chrono::seconds>(Clock::now() - started_).count();
    status["draining"] = is_draining_;
    status["listen"] = addresses_;
    for (const auto& loop : loops_)
        status["loops"].push_back({{"loop", loop->index()}, {"lag_us", loop->lag().count()}});
    status["sessions"] = gateway_.sessions();
    status["accounts"] = accounts_json(snapshot_->accounts);
    status["journal"] = {{"healthy", journal_is_healthy()}, {"lag_bytes", journal_.lag_bytes()}};
    const state::Health store = state_->health();
    status["store"] = {{"backend", store.backend},
                       {"healthy", store.is_shared()},
                       {"loops", store.loops},
                       {"loops_up", store.loops_up},
                       {"operations", store.operations},
                       {"skipped", store.skipped},
                       {"late", store.late},
                       {"refused", store.refused},
                       {"lost", store.lost}};
    status["repository"] = {{"backend", database_.backend()},
                            {"healthy", settler_.repository_is_healthy()}};
    return status.dump();
}

} // namespace turngate::app
