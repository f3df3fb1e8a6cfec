#include "turngate/admin/server.hpp"

#include "account_order.hpp"
#include "guard.hpp"
#include "query.hpp"
#include "usage_query.hpp"
#include "visit.hpp"

#include "turngate/protocol/edit.hpp"
#include "turngate/telemetry/log.hpp"

#include <algorithm>
#include <array>

namespace turngate::admin {
namespace {

constexpr net::HttpLimits kLimits;
constexpr auto kWrite = std::chrono::seconds(30);
constexpr auto kLastAnswers = std::chrono::milliseconds(500);

std::string list_of(const std::vector<std::string>& texts)
{
    std::string json = "[";
    for (const std::string& text : texts)
        json.append(json.size() > 1 ? "," : "").append(protocol::quote(text));
    return json + "]";
}

bool is_read(const net::HttpRequest& request)
{
    return request.method == "GET" || request.method == "HEAD";
}

bool is_json(const net::HttpRequest& request)
{
    const std::string_view type = request.headers.get("content-type");
    return net::equal_without_case(type.substr(0, type.find(';')), "application/json");
}

bool is_below(std::string_view path, std::string_view resource)
{
    return path.starts_with(resource) &&
           (path.size() == resource.size() || path[resource.size()] == '/');
}

Answer not_http(int status)
{
    return refusal(status, "This is not an acceptable HTTP request.", "bad_request");
}

Answer internal_error(const net::HttpRequest& request, const std::exception& bug)
{
    telemetry::log_error("admin request failed", {{"path", request.path()}, {"what", bug.what()}});
    return refusal(500, "An internal error occurred.", "internal_error");
}

std::string to_bytes(const Answer& answer, bool keep_alive, bool is_head)
{
    net::HttpResponse response;
    response.status = answer.status;
    response.headers.add("content-type", answer.type);
    response.headers.add("cache-control", "no-store");
    response.body = answer.body;
    return net::to_bytes(response, keep_alive, is_head);
}

} // namespace

Server::Server(net::Loop& loop,
               const config::Admin& config,
               Sources sources,
               LedgerThreads& ledgers,
               Limits limits)
    : loop_(loop), guard_(std::make_unique<Guard>(config)), sources_(std::move(sources)),
      ledgers_(ledgers), limits_(limits), tasks_(loop)
{
}

Server::~Server() = default;

void Server::replace(const config::Admin& config)
{
    *guard_ = Guard(config);
}

void Server::accept_on(int descriptor)
{
    auto acceptor = std::make_unique<net::Acceptor>(
        loop_, descriptor, [this](net::Socket socket, std::string peer) {
            welcome(std::move(socket), std::move(peer));
        });
    tasks_.spawn("admin acceptor", acceptor->run());
    acceptors_.push_back(std::move(acceptor));
}

net::Task<> Server::finish()
{
    for (const auto& acceptor : acceptors_)
        acceptor->close();
    is_ending_ = true;
    close_if([](const Visit& visit) { return !visit.is_asking; });
    ledgers_.close();
    net::Event pause(loop_);
    const auto until = core::Clock::now() + kLastAnswers;
    while (!visits_.empty() && core::Clock::now() < until)
        co_await pause.wait_until(core::Clock::now() + std::chrono::milliseconds(10));
    close_if([](const Visit&) { return true; });
    co_await tasks_.join();
}

void Server::close_if(const std::function<bool(const Visit&)>& is_so)
{
    const auto all = visits_; // closing takes them out
    for (Visit* visit : all)
        if (is_so(*visit))
            visit->close();
}

void Server::welcome(net::Socket socket, std::string peer)
{
    if (!make_room())
        return;
    tasks_.spawn("admin",
                 serve(std::make_unique<Visit>(visits_, std::move(socket), std::move(peer))));
}

// The oldest of those that do not wait for an answer gives way.
bool Server::make_room()
{
    if (visits_.size() < limits_.connections)
        return true;
    const auto silent =
        std::ranges::find_if(visits_, [](const Visit* visit) { return !visit->is_asking; });
    if (silent == visits_.end())
        return false;
    (*silent)->close();
    return true;
}

net::Task<> Server::serve(std::unique_ptr<Visit> visit)
{
    for (bool keep_alive = true; keep_alive;) {
        auto request = co_await read(*visit);
        if (!request && request.error().status == 0)
            co_return;
        visit->is_asking = true;
        Answer answered;
        if (request)
            answered = co_await answer(*request, visit->who);
        else
            answered = not_http(request.error().status);
        keep_alive = request && request->keep_alive && !is_ending_;
        const bool is_head = request && request->method == "HEAD";
        const std::string bytes = to_bytes(answered, keep_alive, is_head);
        const auto written = co_await visit->stream.write_all(bytes, core::Clock::now() + kWrite);
        if (!written)
            co_return;
        if (keep_alive)
            visit->leftover = std::move(request->leftover);
        visit->is_asking = false;
    }
    co_await visit->stream.linger(core::Clock::now() + kWrite);
}

net::Task<core::Result<net::HttpRequest>> Server::read(Visit& visit)
{
    if (visit.leftover.empty()) {
        const auto silence = visit.is_first ? limits_.request : limits_.idle;
        std::array<char, 4096> chunk;
        const auto begun = co_await visit.stream.read_some(chunk, core::Clock::now() + silence);
        if (!begun)
            co_return begun.error();
        visit.leftover.assign(chunk.data(), *begun);
    }
    visit.is_first = false;
    std::string begun = std::exchange(visit.leftover, {});
    const auto until = core::Clock::now() + limits_.request;
    co_return co_await net::read_request(visit.stream, std::move(begun), kLimits, until);
}

net::Task<Answer> Server::answer(const net::HttpRequest& request, const std::string& peer)
{
    Reply replied = reply_safely(request, peer);
    if (auto* at_once = std::get_if<Answer>(&replied))
        co_return std::move(*at_once);
    auto work = std::get<LedgerThreads::Work>(std::move(replied));
    Answer answered = co_await ledgers_.ask(std::move(work));
    if (!is_read(request) && answered.status < 300)
        sources_.ledger_changed();
    co_return answered;
}

// A bug behind one question ends neither the connection nor the server.
Server::Reply Server::reply_safely(const net::HttpRequest& request, const std::string& peer)
{
    try {
        return reply(request, peer);
    } catch (const std::exception& bug) {
        return internal_error(request, bug);
    }
}

Server::Reply Server::reply(const net::HttpRequest& request, const std::string& peer)
{
    if (auto refused = guard_->refuse(request))
        return std::move(*refused);
    const std::string_view path = request.path();
    if (is_read(request)) {
        if (path == "/healthz")
            return Answer{200, R"({"status":"alive"})"};
        if (path == "/readyz")
            return ready();
        if (path == "/metrics")
            return Answer{
                200, sources_.metrics.render(), "text/plain; version=0.0.4; charset=utf-8"};
        if (path == "/api/v1/status")
            return Answer{200, sources_.status()};
        if (path == "/api/v1/accounts")
            return Answer{200, sources_.accounts()};
        if (path == "/api/v1/usage")
            return usage(request.query());
        if (path == "/api/v1/balances")
            return sources_.balances();
    } else if (request.method == "POST") {
        if (path == "/api/v1/drain") {
            sources_.drain();
            return Answer{202, R"({"status":"draining"})"};
        }
        if (path == "/api/v1/reload")
            return reload();
        if (const auto order = read_account_order(path))
            return order_account(order->account, order->verb);
    }
    return resource(request, peer);
}

Answer Server::ready() const
{
    const auto reasons = sources_.not_ready();
    const auto warnings = sources_.warnings ? sources_.warnings() : std::vector<std::string>();
    if (reasons.empty() && warnings.empty())
        return {200, R"({"status":"ready"})"};
    if (reasons.empty())
        return {200, R"({"status":"ready","warnings":)" + list_of(warnings) + "}"};
    return {503, R"({"status":"not ready","reasons":)" + list_of(reasons) + "}"};
}

Answer Server::reload() const
{
    const Reload done = sources_.reload();
    if (!done.complaints.empty())
        return {422, R"({"status":"not reloaded","complaints":)" + list_of(done.complaints) + "}"};
    const std::string notes = done.notes.empty() ? "" : ",\"notes\":" + list_of(done.notes);
    return {200, R"({"status":"reloaded")" + notes + "}"};
}

Answer Server::order_account(const std::string& account, std::string_view verb) const
{
    if (!sources_.order_account(account, verb))
        return refusal(404, "There is no such account.", "account_not_found");
    return {200,
            R"({"account":)" + protocol::quote(account) + R"(,"order":)" + protocol::quote(verb) +
                "}"};
}

Server::Reply Server::usage(std::string_view query) const
{
    UsageRequest wanted = read_usage_request(read_query(query), core::wall_now());
    if (!wanted.complaint.empty())
        return refusal(400, wanted.complaint, "invalid_parameter");
    return [wanted = std::move(wanted)](usage::Ledger& ledger) {
        return answer_usage(wanted, ledger);
    };
}

Server::Reply Server::resource(const net::HttpRequest& request, const std::string& peer) const
{
    const std::string_view path = request.path();
    const auto found = std::ranges::find_if(
        sources_.resources, [&](const Resource& each) { return is_below(path, each.path); });
    if (found == sources_.resources.end())
        return nothing_here();
    if (!request.body.empty() && !is_json(request))
        return refusal(415, "The body must be application/json.", "unsupported_media_type");
    auto segments = read_segments(path.substr(found->path.size()));
    if (!segments)
        return nothing_here();
    Request asked{is_read(request) ? "GET" : request.method,
                  std::move(*segments),
                  read_query(request.query()),
                  request.body,
                  peer};
    return [asked = std::move(asked), answer = found->answer](usage::Ledger& ledger) {
        return answer(asked, ledger);
    };
}

} // namespace turngate::admin
