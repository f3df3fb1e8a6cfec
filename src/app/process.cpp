#include "process.hpp"

#include "account_orders.hpp"
#include "admin_options.hpp"
#include "commands.hpp"
#include "ledger_resources.hpp"
#include "systemd.hpp"

#include "turngate/telemetry/log.hpp"

#include <boost/asio/co_spawn.hpp>
#include <boost/asio/use_future.hpp>
#include <pthread.h>
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
constexpr auto kLastSettling = std::chrono::seconds(1);
constexpr auto kLastQuestions = std::chrono::seconds(1);
constexpr auto kLastLines = std::chrono::seconds(1);
constexpr auto kKeepSettled = std::chrono::minutes(2); // a start, and Redis back

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
    options.keep_settled = kKeepSettled;
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
    : config_(std::move(config)), config_now_(config_), loops_(make_loops(config_->server.threads)),
      state_(state::make_state(*config_, pointers(loops_))),
      snapshots_({std::move(config_path),
                  *state_,
                  [this] { return spendings_.registry(); },
                  [this](const auto& snapshot) { spendings_.watch(snapshot.keys.budgeted()); },
                  [this](auto snapshot) { replace(std::move(snapshot)); },
                  [this](auto work) { admin_loop_.post(std::move(work)); },
                  [this](const config::Config& loaded) { gateway_.replace(listener_tls(loaded)); }},
                 config_,
                 std::move(prices)),
      journal_(journal_options(config_->usage.journal)), database_(config_->usage),
      admin_loop_(static_cast<unsigned>(loops_.size())),
      dialer_(net::make_dialer(net::TlsContext::client())), gateway_({loops_,
                                                                      *state_,
                                                                      journal_,
                                                                      *dialer_,
                                                                      metrics_,
                                                                      listener_tls(*config_),
                                                                      snapshots_.current()}),
      credentials_([this](Credentials::Secrets secrets) {
          admin_loop_.post([this, secrets = std::move(secrets)] { snapshots_.renew(secrets); });
      }),
      spendings_({state_->budgets(),
                  config_->usage.journal.dir + "/books",
                  [this](const auto& take) { settler_.each_waiting(take); },
                  journal_.settled_lately()}),
      settler_(
          journal_,
          config_->usage.journal.fsync,
          [this] { return database_.open(); },
          metrics_,
          [this](const auto& records, const auto& sums) { spendings_.settled(records, sums); }),
      books_({[this] { return database_.open(); },
              spendings_,
              metrics_,
              [this] { snapshots_.refresh_from_afar(); }}),
      sources_({loops_,
                *state_,
                snapshots_,
                journal_,
                database_,
                settler_,
                gateway_,
                addresses_,
                books_}),
      ledger_threads_(admin_loop_,
                      ledger_options(*config_),
                      [this](core::Deadline until) { return database_.open(until); }),
      admin_(admin_loop_, config_->admin, admin_sources(), ledger_threads_),
      watchdog_(admin_loop_, {loops_, *state_, snapshots_, metrics_}),
      signals_(admin_loop_.context(), SIGTERM, SIGINT, SIGHUP), drain_timer_(admin_loop_.context())
{
    state_->bulletin().on_revoked(
        [this](const core::Digest& key, core::Timestamp at) { gateway_.revoke(key, at); });
    read_books();
    listen();
}

Process::~Process() = default;

admin::Sources Process::admin_sources()
{
    return {metrics_,
            [this] { return sources_.not_ready(); },
            [this] { return sources_.status(); },
            [this] { return sources_.accounts(); },
            [this] { return sources_.balances(); },
            [this] { return snapshots_.reload(); },
            [this] { drain(); },
            [this](const std::string& account, std::string_view verb) {
                return order_account(
                    snapshots_.current()->accounts, state_->bulletin(), account, verb);
            },
            ledger_resources([this] { return config_now_.get(); }),
            [this] { books_.read_now(std::chrono::milliseconds(0)); },
            [this] { return sources_.warnings(); }};
}

// Before the first client comes: what users and keys have left is known, and the bills of a
// previous life are settled. A repository that is away does not keep us from serving; one that is
// there and another program's does.
void Process::read_books()
{
    books_.start();
    books_.read_now(kFirstReading);
    if (const auto why = books_.foreign_schema())
        throw std::runtime_error(*why);
    snapshots_.refresh(); // who has a limit is known now
    settler_.settle_all(kFirstReading);
}

// For the turns to come.
void Process::replace(std::shared_ptr<const gateway::Snapshot> snapshot)
{
    credentials_.watch(snapshot->accounts);
    config_now_.replace(snapshot->config);
    admin_.replace(admin_to_go_by(config_->admin, snapshot->config->admin));
    gateway_.replace(std::move(snapshot));
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
            std::ranges::move(net::listen_on_all(wanted[i], static_cast<unsigned>(loops_.size())),
                              std::back_inserter(sockets));
    }
    for (const net::ListenSocket& socket : sockets) {
        addresses_.push_back(socket.address);
        if (socket.is_unix)
            own_unix_paths_.push_back(socket.address.substr(std::string_view("unix:").size()));
    }
    const auto admin = net::listen_on_all(config_->admin.listen, 1);
    gateway_.listen(sockets);
    for (const net::ListenSocket& socket : admin)
        admin_loop_.post(
            [this, descriptor = socket.descriptors.front()] { admin_.accept_on(descriptor); });
    for (const std::string& address : addresses_)
        telemetry::log_info("listening",
                            {{"address", address}, {"tls", config_->server.tls.has_value()}});
    for (const net::ListenSocket& socket : admin)
        telemetry::log_info("admin listening", {{"address", socket.address}});
}

int Process::run()
{
    for (const auto& loop : loops_)
        threads_.emplace_back([&loop = *loop] {
            ::pthread_setname_np(::pthread_self(),
                                 ("loop " + std::to_string(loop.index())).c_str());
            loop.run();
        });
    on_signal();
    watchdog_.start();
    admin_loop_.post([] { notify_systemd("READY=1"); });
    admin_loop_.run(); // until wait_for_sessions() stops it
    settle_last();
    const bool is_clean = finish();
    for (const std::string& path : own_unix_paths_)
        ::unlink(path.c_str());
    const bool is_settled = settler_.settle_all(kSettle);
    database_.cut(); // what is not settled by now is in the journal
    const bool is_answered = ledger_threads_.stop(kLastQuestions);
    telemetry::log_info("stopped", {{"cut", was_cut_}, {"settled", is_settled}});
    const int code = was_cut_ || !is_clean ? exit_drain_deadline : exit_fine;
    if (!is_clean || !is_answered) { // what hangs must not lose what it refers to
        telemetry::flush_log(kLastLines);
        ::_exit(code);
    }
    return code;
}

// While the loops still run: a shared state hears which charges have become bills. After a restart
// they would count beside these bills until it is told again.
void Process::settle_last()
{
    settler_.settle_all(kLastSettling);
}

void Process::on_signal()
{
    signals_.async_wait([this](boost::system::error_code error, int number) {
        if (error)
            return;
        if (number == SIGHUP) {
            for (const std::string& complaint : snapshots_.reload().complaints)
                telemetry::log_error("not reloaded", {{"complaint", complaint}});
        } else {
            drain();
        }
        on_signal();
    });
}

void Process::drain()
{
    if (gateway_.is_draining())
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
    watchdog_.stop();
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

} // namespace turngate::app
