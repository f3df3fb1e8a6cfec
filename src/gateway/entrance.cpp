#include "entrance.hpp"

#include "cors.hpp"
#include "door.hpp"
#include "header_policy.hpp"

#include "turngate/core/bytes.hpp"
#include "turngate/core/id.hpp"
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

// Also where there is no turn (http.md section 8).
void add_what_all_have(net::HttpResponse& response)
{
    response.headers.add("x-request-id", core::uuid7());
    response.headers.add("date", net::http_date());
}

net::HttpResponse switching_protocols(const net::HttpRequest& request, bool deflate)
{
    net::HttpResponse response;
    response.status = 101;
    response.headers.add("upgrade", "websocket");
    response.headers.add("connection", "Upgrade");
    response.headers.add("sec-websocket-accept",
                         net::websocket_accept(request.headers.get("sec-websocket-key")));
    add_what_all_have(response);
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
                   ClientBytes& client_bytes,
                   const LogPlaces& places,
                   std::shared_ptr<SocketCounts> counts,
                   std::shared_ptr<const net::TlsContext> tls,
                   LetIn let_in)
    : rooms_(rooms), client_bytes_(client_bytes), places_(places), counts_(std::move(counts)),
      tls_(std::move(tls)), let_in_(std::move(let_in)), proxies_(rooms.snapshot->config->server),
      tasks_(rooms.loop)
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
    for (Visit* visit : at_door_)
        if (visit->is_next && visit->is_silent)
            visit->stream.close();
}

net::Task<> Entrance::finish()
{
    close();
    for (Visit* visit : at_door_)
        visit->stream.close();
    co_await tasks_.join();
}

// Known while it is at the door, so that the end of the process does not wait for its handshake.
class Entrance::AtDoor
{
public:
    AtDoor(Entrance& entrance, Visit& visit)
        : entrance_(entrance), at_(entrance.at_door_.insert(entrance.at_door_.end(), &visit)),
          is_beyond_(!visit.ticket)
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
    std::list<Visit*>::iterator at_;
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
        tasks_.spawn("door",
                     meet({net::Stream(std::move(socket)), std::move(peer), std::move(ticket)}));
}

void Entrance::stay(net::Stream stream, std::string leftover, std::string peer, Ticket ticket)
{
    if (rooms_.is_draining)
        return;
    Visit visit{std::move(stream), std::move(peer), std::move(ticket), std::move(leftover)};
    visit.is_next = true;
    tasks_.spawn("door", meet(std::move(visit)));
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

net::Task<> Entrance::meet(Visit visit)
{
    net::Stream& stream = visit.stream;
    const AtDoor at_door(*this, visit);
    const config::Limits limits = rooms_.snapshot->config->limits;
    auto patience = visit.is_next ? rooms_.snapshot->config->http.idle : limits.handshake_timeout;
    if (!visit.ticket)
        patience = std::min(patience, kPatienceBeyond);
    const auto now = core::Clock::now();
    const auto tls = tls_; // a reload may replace it
    if (tls && !visit.is_next) {
        const auto secure = co_await stream.start_tls(*tls, {}, now + kTlsTimeout);
        if (!secure)
            co_return;
    }
    net::RequestReader reader(stream, std::move(visit.leftover), kHttpLimits.headers);
    auto request = co_await reader.head(now + patience);
    if (!request) {
        if (request.error().status == 0)
            co_return;
        co_await answer(visit, not_http(request.error().status));
        co_return;
    }
    visit.is_silent = false;
    visit.origin = allowed_origin(*request, rooms_.snapshot->config->server);
    if (auto granted = preflight(*request, visit.origin)) {
        co_await answer(visit, std::move(*granted));
        co_return;
    }

    std::string client_ip = proxies_.client_of(visit.peer, request->headers);
    auto verdict = judge(*request, client_ip, rooms_);
    if (const auto* visitor = std::get_if<Visitor>(&verdict)) {
        const access::Principal& principal = **visitor;
        if (visit.ticket && visit.ticket->belongs_to(principal.key, client_ip, limits_of(limits))) {
            Guest guest = welcome(*request, principal, std::move(client_ip));
            guest.peer = visit.peer;
            if (auto asks = response_question(*request)) {
                co_await take_question(visit, reader, *request, std::move(*asks), std::move(guest));
                co_return;
            }
            if (auto model = models_question(*request)) {
                co_await take_models_question(
                    visit, reader, *request, std::move(*model), std::move(guest));
                co_return;
            }
            if (const auto endpoint = posted_endpoint(*request)) {
                co_await take_request(visit, reader, *request, *endpoint, std::move(guest));
                co_return;
            }
            if (!reader.is_whole()) { // what comes behind a 101 are frames
                co_await answer(visit, not_http(400));
                co_return;
            }
            const bool deflate =
                rooms_.snapshot->config->server.deflate && net::offers_deflate(*request);
            guest.wants = Upgrade{switching_protocols(*request, deflate), deflate};
            guest.leftover = reader.take_leftover();
            guest.ticket = std::move(*visit.ticket);
            let_in_(std::move(stream), std::move(guest));
            co_return;
        }
        verdict = too_many_sockets();
    }
    auto& refusal = std::get<Refusal>(verdict);
    if (refusal.status >= 400) {
        rooms_.metrics.refused_upgrades.add();
        telemetry::log_info(
            "client refused",
            {{"status", refusal.status}, {"peer", visit.peer}, {"client", client_ip}});
    }
    co_await answer(visit, std::move(refusal), request->method == "HEAD");
}

Guest Entrance::welcome(const net::HttpRequest& request,
                        const access::Principal& principal,
                        std::string client_ip) const
{
    const std::string_view name = session_name(request.headers);
    Guest guest;
    guest.facts.id = ++last_session;
    guest.facts.key = session_key(principal.tenant, name);
    guest.facts.is_named = !name.empty();
    guest.facts.is_ours = name.empty();
    guest.facts.is_codex = is_codex(request.headers);
    guest.facts.secret = principal.digest;
    guest.facts.tenant = principal.tenant;
    guest.facts.client_ip = std::move(client_ip);
    guest.facts.user_agent = core::clean_utf8(request.headers.get("user-agent"), kMaxUserAgent);
    guest.facts.forward =
        forwardable(request.headers, all_forward_headers(rooms_.snapshot->accounts));
    return guest;
}

net::Task<> Entrance::answer(Visit& visit, net::HttpResponse response, bool is_head)
{
    net::Stream& stream = visit.stream;
    add_what_all_have(response);
    for (const auto& [name, value] : cors_headers(visit.origin))
        response.headers.add(name, value);
    const std::string bytes = net::to_bytes(response, false, is_head);
    const auto deadline = core::Clock::now() + kAnswerTimeout;
    const auto written = co_await stream.write_all(bytes, deadline);
    if (written)
        co_await stream.linger(deadline);
}

} // namespace turngate::gateway
