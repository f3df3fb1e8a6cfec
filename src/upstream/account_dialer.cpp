#include "account_dialer.hpp"

#include "account_headers.hpp"
#include "http_wire.hpp"

#include "turngate/accounts/quota_reading.hpp"
#include "turngate/telemetry/log.hpp"

#include <algorithm>
#include <utility>

namespace turngate::upstream {
namespace {

using std::chrono::duration_cast;
using telemetry::log_info;

constexpr std::size_t kMaxHead = 32 * 1024;
constexpr std::uint64_t kMaxMessage = 64ull << 20; // protocol.md 10.3: no client takes more

// A dial counts towards the account's connections; what comes of it counts itself.
class Counted
{
public:
    explicit Counted(std::atomic<unsigned>& count) : count_(count) { ++count_; }
    ~Counted() { --count_; }
    Counted(const Counted&) = delete;
    Counted& operator=(const Counted&) = delete;

private:
    std::atomic<unsigned>& count_;
};

net::WebSocketOptions websocket_options(const PoolOptions& pool)
{
    net::WebSocketOptions options;
    options.role = net::Role::client;
    options.ping_interval = pool.ping_interval;
    options.limits.max_message = kMaxMessage;
    return options;
}

// Its base has a query of its own, maybe.
std::string target_of(const net::Url& responses, const AccountQuestion& question)
{
    constexpr std::string_view kResponses = "/responses";
    const std::string_view whole = responses.path;
    const std::string_view path = whole.substr(0, whole.find('?'));
    std::string target(path.substr(0, path.size() - kResponses.size()));
    target.append(question.path).append(whole.substr(path.size()));
    if (!question.query.empty())
        target.append(path.size() == whole.size() ? "?" : "&").append(question.query);
    return target;
}

std::string request_bytes(const net::Url& responses,
                          const AccountQuestion& question,
                          const net::HttpHeaders& headers)
{
    std::string bytes(question.method);
    bytes.append(" ").append(target_of(responses, question)).append(" HTTP/1.1\r\nhost: ");
    bytes.append(responses.authority()).append("\r\n");
    for (const auto& [name, value] : headers)
        bytes.append(name).append(": ").append(value).append("\r\n");
    bytes.append("accept: application/json\r\naccept-encoding: identity\r\n"
                 "connection: close\r\n\r\n");
    return bytes;
}

void log_failure(const accounts::Account& account, const core::Fault& fault, std::int64_t ms)
{
    log_info("upstream dial failed",
             {{"account", account.config.name},
              {"fault", core::name_of(fault.code)},
              {"where", fault.where},
              {"status", fault.status},
              {"error", fault.cause ? fault.cause.message() : std::string()},
              {"ms", ms}});
}

} // namespace

AccountDialer::AccountDialer(net::Loop& loop,
                             net::Dialer& dialer,
                             telemetry::Metrics& metrics,
                             const PoolOptions& options)
    : loop_(loop), dialer_(dialer), options_(options),
      ok_(metrics.counter(
          "turngate_upstream_dials_total", "Upstream dials by result", {{"result", "ok"}})),
      failed_(metrics.counter(
          "turngate_upstream_dials_total", "Upstream dials by result", {{"result", "failed"}})),
      open_(metrics.gauge("turngate_upstream_connections", "Open upstream connections"))
{
}

net::Task<boost::system::result<AccountDialer::Dialed, LeaseFault>> AccountDialer::dial(
    std::shared_ptr<const accounts::Account> account,
    Transport transport,
    const net::HttpHeaders& headers,
    net::Stop& stop)
{
    const Counted counted(account->life->connections);
    const auto started = core::Clock::now();
    ++account->life->dials;
    auto dialed = co_await open(account, transport, headers, stop);
    const auto ms = duration_cast<std::chrono::milliseconds>(core::Clock::now() - started).count();
    if (!dialed) {
        failed_.add();
        log_failure(*account, dialed.error().fault, ms);
        co_return dialed;
    }
    ok_.add();
    open_.add(1);
    log_info("upstream connection begun",
             {{"account", account->config.name},
              {"connection", dialed->connection->generation()},
              {"transport", transport == Transport::http ? "http" : "ws"},
              {"ms", ms}});
    co_return dialed;
}

net::Task<boost::system::result<AccountDialer::Dialed, LeaseFault>> AccountDialer::open(
    std::shared_ptr<const accounts::Account> account,
    Transport transport,
    const net::HttpHeaders& headers,
    net::Stop& stop)
{
    const auto deadline = core::Clock::now() + options_.dial_timeout;
    net::DialTarget target{account->url, account->proxy, {}};
    if (transport == Transport::http) {
        auto stream = co_await dialer_.connect(loop_, target, deadline, stop);
        if (!stream)
            co_return std::move(stream).error();
        auto wire = std::make_unique<HttpWire>(loop_, std::move(*stream), account);
        co_return Dialed{std::make_shared<Connection>(account, std::move(wire), options_.pong), {}};
    }
    target.headers = account_headers(account->config, headers);
    auto dialed = co_await dialer_.dial(loop_, std::move(target), deadline, stop);
    if (!dialed)
        co_return std::move(dialed).error();
    for (const auto& window :
         accounts::read_quota(dialed->headers, core::wall_now(), core::Clock::now()))
        account->standing->quota().report(window.name, window.used_percent, window.resets_at);
    auto connection = std::make_shared<Connection>(
        loop_, account, std::move(dialed->stream), websocket_options(options_), options_.pong);
    co_return Dialed{std::move(connection), std::move(dialed->leftover)};
}

net::Task<core::Result<net::HttpResponse>> AccountDialer::ask(
    std::shared_ptr<const accounts::Account> account,
    AccountQuestion question,
    const net::HttpHeaders& headers,
    core::ByteBudget::Share& share,
    core::Deadline deadline,
    net::Stop& stop)
{
    const Counted counted(account->life->connections);
    ++account->life->dials;
    const net::DialTarget target{account->url, account->proxy, {}};
    const auto connected = std::min(deadline, core::Clock::now() + options_.dial_timeout);
    auto stream = co_await dialer_.connect(loop_, target, connected, stop);
    if (!stream) {
        failed_.add();
        log_failure(*account, stream.error().fault, 0);
        co_return stream.error().fault;
    }
    ok_.add();
    const std::string request =
        request_bytes(account->url, question, account_headers(account->config, headers));
    const auto sent = co_await stream->write_all(request, deadline, &stop);
    if (!sent)
        co_return sent.error();
    net::HttpLimits limits;
    limits.headers = kMaxHead;
    limits.body = question.most_bytes;
    co_return co_await net::read_whole_response(*stream, limits, share, deadline, stop);
}

void AccountDialer::closed(const Connection& connection, const net::Closing& closing)
{
    open_.add(-1);
    const auto age =
        duration_cast<std::chrono::seconds>(core::Clock::now() - connection.dialed_at());
    log_info("upstream connection ended",
             {{"account", connection.account().config.name},
              {"connection", connection.generation()},
              {"by", net::name_of(closing.by)},
              {"code", closing.code},
              {"reason", closing.reason},
              {"error", closing.error ? closing.error.message() : std::string()},
              {"age_s", age.count()},
              {"bytes_in", connection.bytes_in()},
              {"bytes_out", connection.bytes_out()}});
}

} // namespace turngate::upstream
