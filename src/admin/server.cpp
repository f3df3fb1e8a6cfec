#include "turngate/admin/server.hpp"

#include "account_order.hpp"
#include "usage_query.hpp"

#include "turngate/core/id.hpp"
#include "turngate/net/http.hpp"
#include "turngate/protocol/edit.hpp"
#include "turngate/protocol/error_event.hpp"
#include "turngate/telemetry/log.hpp"
#include "turngate/usage/report.hpp"

#include <algorithm>

namespace turngate::admin {
namespace {

constexpr const char* kCsv = "text/csv; charset=utf-8";

constexpr net::HttpLimits kLimits;
constexpr auto kIdle = std::chrono::seconds(60); // a kept-alive connection without a request
constexpr auto kWrite = std::chrono::seconds(30);

std::string list_of(const std::vector<std::string>& texts)
{
    std::string json = "[";
    for (const std::string& text : texts)
        json.append(json.size() > 1 ? "," : "").append(protocol::quote(text));
    return json + "]";
}

bool has_token(const net::HttpRequest& request, const std::string& token)
{
    constexpr std::string_view kBearer = "Bearer ";
    const std::string_view header = request.headers.get("authorization");
    return net::equal_without_case(header.substr(0, kBearer.size()), kBearer) &&
           core::equal_in_constant_time(core::sha256(header.substr(kBearer.size())),
                                        core::sha256(token));
}

// Known while it is open, whatever ends it, so that the server's end does not wait for it.
class Known
{
public:
    Known(std::vector<net::Stream*>& open, net::Stream& stream) : open_(open), stream_(stream)
    {
        open_.push_back(&stream_);
    }
    ~Known() { std::erase(open_, &stream_); }
    Known(const Known&) = delete;
    Known& operator=(const Known&) = delete;

private:
    std::vector<net::Stream*>& open_;
    net::Stream& stream_;
};

} // namespace

struct Server::Answer
{
    int status = 200;
    std::string body;
    std::string_view type = "application/json";
};

Server::Server(net::Loop& loop, std::string token, Sources sources)
    : loop_(loop), token_(std::move(token)), sources_(std::move(sources)), tasks_(loop)
{
}

Server::~Server() = default;

void Server::accept_on(int descriptor)
{
    auto acceptor = std::make_unique<net::Acceptor>(
        loop_, descriptor, [this](net::Socket socket, const std::string&) {
            tasks_.spawn("admin", serve(std::move(socket)));
        });
    tasks_.spawn("admin acceptor", acceptor->run());
    acceptors_.push_back(std::move(acceptor));
}

net::Task<> Server::finish()
{
    for (const auto& acceptor : acceptors_)
        acceptor->close();
    for (net::Stream* stream : open_)
        stream->close();
    co_await tasks_.join();
}

net::Task<> Server::serve(net::Socket socket)
{
    net::Stream stream(std::move(socket));
    const Known known(open_, stream);
    std::string leftover;
    for (bool keep_alive = true; keep_alive;) {
        const auto idle = core::Clock::now() + kIdle;
        auto request = co_await net::read_request(stream, std::move(leftover), kLimits, idle);
        if (!request && request.error().status == 0)
            co_return;
        const Answer answered =
            request ? answer_safely(*request) : not_http(request.error().status);
        const bool is_head = request && request->method == "HEAD";
        keep_alive = request && request->keep_alive;
        if (keep_alive)
            leftover = std::move(request->leftover);
        net::HttpResponse response;
        response.status = answered.status;
        response.headers.add("content-type", answered.type);
        response.headers.add("cache-control", "no-store");
        response.body = answered.body;
        const std::string bytes = net::to_bytes(response, keep_alive, is_head);
        const auto written = co_await stream.write_all(bytes, core::Clock::now() + kWrite);
        if (!written)
            co_return;
    }
    co_await stream.linger(core::Clock::now() + kWrite);
}

Server::Answer Server::not_http(int status)
{
    return {status,
            protocol::error_body(
                "This is not an acceptable HTTP request.", "invalid_request_error", "bad_request")};
}

// A bug behind one question ends neither the connection nor the server.
Server::Answer Server::answer_safely(const net::HttpRequest& request)
{
    try {
        return answer(request);
    } catch (const std::exception& bug) {
        telemetry::log_error("admin request failed",
                             {{"path", request.path()}, {"what", bug.what()}});
        return {
            500,
            protocol::error_body("An internal error occurred.", "server_error", "internal_error")};
    }
}

Server::Answer Server::answer(const net::HttpRequest& request)
{
    const std::string_view path = request.path();
    const bool is_post = request.method == "POST";
    const bool is_read = request.method == "GET" || request.method == "HEAD";

    if (path == "/healthz" && is_read)
        return {200, R"({"status":"alive"})"};
    if (path == "/readyz" && is_read) {
        const auto reasons = sources_.not_ready();
        if (reasons.empty()) {
            const auto warnings =
                sources_.warnings ? sources_.warnings() : std::vector<std::string>();
            if (warnings.empty())
                return {200, R"({"status":"ready"})"};
            return {200, R"({"status":"ready","warnings":)" + list_of(warnings) + "}"};
        }
        return {503, R"({"status":"not ready","reasons":)" + list_of(reasons) + "}"};
    }
    if (!token_.empty() && !has_token(request, token_))
        return {401,
                protocol::error_body("The admin token is missing or wrong.",
                                     "authentication_error",
                                     "invalid_token")};
    if (path == "/metrics" && is_read)
        return {200, sources_.metrics.render(), "text/plain; version=0.0.4; charset=utf-8"};
    if (path == "/api/v1/status" && is_read)
        return {200, sources_.status()};
    if (path == "/api/v1/accounts" && is_read)
        return {200, sources_.accounts()};
    if (path == "/api/v1/usage" && is_read)
        return usage(request.query());
    if (path == "/api/v1/balances" && is_read)
        return balances();
    if (path == "/api/v1/drain" && is_post) {
        sources_.drain();
        return {202, R"({"status":"draining"})"};
    }
    if (path == "/api/v1/reload" && is_post) {
        const auto complaints = sources_.reload();
        if (complaints.empty())
            return {200, R"({"status":"reloaded"})"};
        return {422, R"({"status":"not reloaded","complaints":)" + list_of(complaints) + "}"};
    }
    if (const auto order = read_account_order(path); order && is_post)
        return order_account(order->account, order->verb);
    return {404,
            protocol::error_body("There is nothing here.", "invalid_request_error", "not_found")};
}

Server::Answer Server::order_account(const std::string& account, std::string_view verb)
{
    if (!sources_.order_account(account, verb))
        return {404,
                protocol::error_body(
                    "There is no such account.", "invalid_request_error", "account_not_found")};
    return {200,
            R"({"account":)" + protocol::quote(account) + R"(,"order":)" + protocol::quote(verb) +
                "}"};
}

Server::Answer Server::usage(std::string_view query)
{
    const UsageRequest wanted = read_usage_request(query, core::wall_now());
    if (!wanted.complaint.empty())
        return {
            400,
            protocol::error_body(wanted.complaint, "invalid_request_error", "invalid_parameter")};
    try {
        if (!usage_)
            usage_ = sources_.open_usage();
        if (wanted.by) {
            const auto sums = usage_->sums(wanted.query, *wanted.by);
            if (wanted.as_csv)
                return {200, usage::to_csv(sums, *wanted.by), kCsv};
            return {200, usage::to_json(sums, *wanted.by)};
        }
        const auto page = usage_->list(wanted.query);
        if (wanted.as_csv)
            return {200, usage::to_csv(page), kCsv};
        return {200, usage::to_json(page)};
    } catch (const std::invalid_argument& bad) {
        return {400,
                protocol::error_body(bad.what(), "invalid_request_error", "invalid_parameter")};
    } catch (const std::exception& failure) {
        usage_.reset(); // opened anew next time
        return repository_down(failure);
    }
}

Server::Answer Server::balances()
{
    try {
        return {200, sources_.balances()};
    } catch (const std::exception& failure) {
        return repository_down(failure);
    }
}

Server::Answer Server::repository_down(const std::exception& failure)
{
    telemetry::log_error("repository cannot be read", {{"what", failure.what()}});
    return {503,
            protocol::error_body(
                "The usage repository cannot be read.", "server_error", "repository_down")};
}

} // namespace turngate::admin
