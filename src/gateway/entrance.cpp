#include "entrance.hpp"

#include "door.hpp"
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

// Beyond a limit a 429 is a courtesy: to so many at the same time, who ask within so long.
constexpr unsigned kMaxBeyond = 16;
constexpr std::chrono::milliseconds kPatienceBeyond{1'000};
constexpr auto kLogEvery = std::chrono::seconds(1);

std::atomic<std::uint64_t> last_session{0};

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

SocketCounts::Limits limits_of(const config::Limits& limits)
{
    return {limits.sockets_per_key, limits.sockets_per_ip, limits.sockets};
}

} // namespace

Entrance::Entrance(Rooms& rooms,
                   std::shared_ptr<SocketCounts> counts,
                   std::shared_ptr<const net::TlsContext> tls,
                   LetIn let_in)
    : rooms_(rooms), counts_(std::move(counts)), tls_(std::move(tls)), let_in_(std::move(let_in)),
      proxies_(rooms.snapshot->config->server), tasks_(rooms.loop)
{
}

Entrance::~Entrance() = default;

void Entrance::accept_on(int descriptor, int below)
{
    auto acceptor = std::make_unique<net::Acceptor>(
        rooms_.loop,
        descriptor,
        [this](net::Socket socket, std::string peer) {
            arrive(std::move(socket), std::move(peer));
        },
        below);
    tasks_.spawn("acceptor", acceptor->run());
    acceptors_.push_back(std::move(acceptor));
}

void Entrance::replace(const config::Server& server)
{
    proxies_ = TrustedProxies(server);
}

void Entrance::replace(std::shared_ptr<const net::TlsContext> tls)
{
    tls_ = std::move(tls);
}

void Entrance::close()
{
    for (const auto& acceptor : acceptors_)
        acceptor->close();
}

net::Task<> Entrance::finish()
{
    close();
    for (net::Stream* stream : at_door_)
        stream->close();
    co_await tasks_.join();
}

// Known while it is at the door, so that the end of the process does not wait for its handshake.
class Entrance::AtDoor
{
public:
    AtDoor(Entrance& entrance, net::Stream& stream, bool is_beyond)
        : entrance_(entrance), at_(entrance.at_door_.insert(entrance.at_door_.end(), &stream)),
          is_beyond_(is_beyond)
    {
        entrance_.beyond_limits_ += is_beyond_ ? 1 : 0;
    }
    ~AtDoor()
    {
        entrance_.at_door_.erase(at_);
        entrance_.beyond_limits_ -= is_beyond_ ? 1 : 0;
    }
    AtDoor(const AtDoor&) = delete;
    AtDoor& operator=(const AtDoor&) = delete;

private:
    Entrance& entrance_;
    std::list<net::Stream*>::iterator at_;
    bool is_beyond_;
};

void Entrance::arrive(net::Socket socket, std::string peer)
{
    // The clients of a proxy have addresses of their own, which their requests will tell.
    const std::string ip = proxies_.has(peer) ? std::string() : peer;
    auto ticket = counts_->enter(ip, limits_of(rooms_.snapshot->config->limits));
    if (!ticket && beyond_limits_ >= kMaxBeyond)
        turn_away(peer);
    else
        tasks_.spawn("door", meet(std::move(socket), std::move(peer), std::move(ticket)));
}

// Closed by the caller, and hardly worth a line each.
void Entrance::turn_away(const std::string& peer)
{
    ++turned_away_;
    rooms_.metrics.refused_upgrades.add();
    const auto now = core::Clock::now();
    if (now - logged_ < kLogEvery)
        return;
    logged_ = now;
    telemetry::log_warn("sockets closed: too many are open",
                        {{"peer", peer}, {"sockets", std::exchange(turned_away_, 0)}});
}

net::Task<> Entrance::meet(net::Socket socket, std::string peer, std::optional<Ticket> ticket)
{
    net::Stream stream(std::move(socket));
    const AtDoor at_door(*this, stream, !ticket);
    const config::Limits limits = rooms_.snapshot->config->limits;
    const auto patience =
        ticket ? limits.handshake_timeout : std::min(limits.handshake_timeout, kPatienceBeyond);
    const auto now = core::Clock::now();
    const auto tls = tls_; // a reload may replace it
    if (tls) {
        const auto secure = co_await stream.start_tls(*tls, {}, now + kTlsTimeout);
        if (!secure)
            co_return;
    }
    auto request = co_await net::read_request(stream, {}, kHttpLimits, now + patience);
    if (!request) {
        if (request.error().status == 0)
            co_return;
        co_await answer(stream, not_http(request.error().status), false);
        co_return;
    }

    std::string client_ip = proxies_.client_of(peer, request->headers);
    auto verdict = judge(*request, client_ip, rooms_);
    if (const auto* visitor = std::get_if<Visitor>(&verdict)) {
        const access::Principal& principal = **visitor;
        if (ticket && ticket->belongs_to(principal.key, client_ip, limits_of(limits))) {
            auto guest = welcome(*request, principal, std::move(client_ip));
            guest->ticket = std::move(*ticket);
            let_in_(std::move(stream), std::move(guest));
            co_return;
        }
        verdict = too_many_sockets();
    }
    auto& refusal = std::get<Refusal>(verdict);
    if (refusal.status >= 400) {
        rooms_.metrics.refused_upgrades.add();
        telemetry::log_info("upgrade refused",
                            {{"status", refusal.status}, {"peer", peer}, {"client", client_ip}});
    }
    co_await answer(stream, std::move(refusal), request->method == "HEAD");
}

std::shared_ptr<Guest> Entrance::welcome(net::HttpRequest& request,
                                         const access::Principal& principal,
                                         std::string client_ip)
{
    const std::string_view name = session_name(request.headers);
    auto guest = std::make_shared<Guest>();
    guest->deflate = rooms_.snapshot->config->server.deflate && net::offers_deflate(request);
    guest->response = switching_protocols(request, guest->deflate);
    guest->facts.id = ++last_session;
    guest->facts.key = session_key(principal.tenant, name);
    guest->facts.is_named = !name.empty();
    guest->facts.is_codex = is_codex(request.headers);
    guest->facts.secret = principal.digest;
    guest->facts.tenant = principal.tenant;
    guest->facts.client_ip = std::move(client_ip);
    guest->facts.user_agent = core::clean_utf8(request.headers.get("user-agent"), kMaxUserAgent);
    guest->facts.forward =
        forwardable(request.headers, all_forward_headers(rooms_.snapshot->accounts));
    guest->leftover = std::move(request.leftover);
    return guest;
}

net::Task<> Entrance::answer(net::Stream& stream, net::HttpResponse response, bool is_head)
{
    const std::string bytes = net::to_bytes(response, false, is_head);
    const auto deadline = core::Clock::now() + kAnswerTimeout;
    const auto written = co_await stream.write_all(bytes, deadline);
    if (written)
        co_await stream.linger(deadline);
}

} // namespace turngate::gateway
