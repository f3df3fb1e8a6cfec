#include "turngate/admin/server.hpp"

#include "fakes/run.hpp"
#include "unit/usage/sample_record.hpp"
#include "unit/usage/temp_dir.hpp"

#include <boost/asio/ip/tcp.hpp>
#include <gtest/gtest.h>
#include <nlohmann/json.hpp>

#include <atomic>
#include <stdexcept>

namespace turngate::admin {
namespace {

using Json = nlohmann::json;
using namespace std::chrono_literals;

constexpr const char* kOwn = "x-turngate: 1\r\n";

// A server on a free port of this machine, asked over real sockets.
class AdminServer : public testing::Test
{
protected:
    explicit AdminServer(config::Admin config = {}, Limits limits = {})
        : server_(loop_, config, sources(), ledgers_, limits)
    {
        server_.accept_on(listening_.descriptors.front());
    }
    ~AdminServer() override
    {
        if (!finished_)
            finish();
    }

    void finish()
    {
        finished_ = true;
        fakes::run(loop_, server_.finish());
    }

    net::Stream connect()
    {
        namespace ip = net::asio::ip;
        const auto port = std::stoi(listening_.address.substr(listening_.address.find(':') + 1));
        const ip::tcp::endpoint endpoint(ip::address_v4::loopback(),
                                         static_cast<std::uint16_t>(port));
        net::Socket socket(loop_.context());
        socket.connect(net::asio::generic::stream_protocol::endpoint(endpoint));
        return net::Stream(std::move(socket));
    }

    net::HttpResponse post(const std::string& path,
                           const std::string& body = {},
                           const std::string& headers = kOwn)
    {
        return ask("POST " + path,
                   headers + "Content-Length: " + std::to_string(body.size()) + "\r\n",
                   body);
    }

    core::Result<net::HttpResponse> ask(net::Stream& stream, const std::string& request)
    {
        fakes::run(loop_, stream.write_all(request, fakes::later()));
        return fakes::run(
            loop_,
            net::read_response(stream, {.headers = 16 << 10, .body = 1 << 20}, fakes::later()));
    }
    net::HttpResponse ask(const std::string& line,
                          const std::string& headers = {},
                          const std::string& body = {})
    {
        net::Stream stream = connect();
        return ask(stream, line + " HTTP/1.1\r\n" + headers + "\r\n" + body).value();
    }
    void expect_error(const std::string& line,
                      int status,
                      const std::string& code,
                      const std::string& headers = {})
    {
        const net::HttpResponse answer = ask(line, headers);
        EXPECT_EQ(answer.status, status) << line;
        EXPECT_EQ(Json::parse(answer.body)["error"]["code"], code) << line;
    }

    std::unique_ptr<usage::Ledger> open()
    {
        ++opened;
        if (repository_is_away)
            throw std::runtime_error("connection refused");
        return usage::open_sqlite(dir_ / "usage.db");
    }

    std::vector<std::string> not_ready;
    std::vector<std::string> complaints;
    std::vector<std::string> notes;
    int drains = 0;
    std::vector<std::string> orders;
    std::atomic<int> opened = 0; // on threads of the ledger
    bool status_fails = false;
    std::atomic<bool> repository_is_away = false;
    std::vector<std::string> asked; // of the resource, by the ledger's thread
    int changes = 0;

    net::Loop loop_{0};
    telemetry::Metrics metrics;
    usage::TempDir dir_;

private:
    Sources sources()
    {
        return {metrics,
                [this] { return not_ready; },
                [this]() -> std::string {
                    if (status_fails)
                        throw std::runtime_error("a bug");
                    return R"({"sessions":0})";
                },
                [] { return std::string(R"({"data":[]})"); },
                [] {
                    return [](usage::Ledger& ledger) {
                        return Answer{200, std::to_string(ledger.balances().users.size())};
                    };
                },
                [this] { return Reload{complaints, notes}; },
                [this] { ++drains; },
                [this](const std::string& account, std::string_view verb) {
                    orders.push_back(account + ": " + std::string(verb));
                    return account != "unknown";
                },
                {{"/api/v1/things",
                  [this](const Request& request, usage::Ledger&) {
                      std::string line = request.method;
                      for (const std::string& segment : request.path)
                          line += " " + segment;
                      asked.push_back(line + " " + request.body + " by " + request.who);
                      if (request.parameter("wrong") == "a b")
                          throw std::invalid_argument("wrong: it is");
                      return Answer{request.path.empty() ? 200 : 404, "{}"};
                  }}},
                [this] { ++changes; }};
    }

    net::ListenSocket listening_ = net::listen_on("127.0.0.1:0", 1);
    LedgerThreads ledgers_{
        loop_, {.patience = std::chrono::minutes(1)}, [this](core::Deadline) { return open(); }};

protected:
    Server server_;

private:
    bool finished_ = false;
};

TEST_F(AdminServer, IsAlive)
{
    const net::HttpResponse answer = ask("GET /healthz");
    EXPECT_EQ(answer.status, 200);
    EXPECT_EQ(answer.headers.get("content-type"), "application/json");
    EXPECT_EQ(answer.headers.get("cache-control"), "no-store");
    EXPECT_EQ(answer.body, R"({"status":"alive"})");
}

TEST_F(AdminServer, SaysWhyItIsNotReady)
{
    EXPECT_EQ(ask("GET /readyz").status, 200);
    not_ready = {"draining", "journal \"broken\""};
    const net::HttpResponse answer = ask("GET /readyz");
    EXPECT_EQ(answer.status, 503);
    EXPECT_EQ(Json::parse(answer.body)["reasons"], not_ready);
    EXPECT_EQ(ask("GET /healthz").status, 200); // alive all the same
}

TEST_F(AdminServer, ShowsItsMetrics)
{
    metrics.counter("turngate_test_total", "help").add(3);
    const net::HttpResponse answer = ask("GET /metrics");
    EXPECT_EQ(answer.status, 200);
    EXPECT_EQ(answer.headers.get("content-type"), "text/plain; version=0.0.4; charset=utf-8");
    EXPECT_NE(answer.body.find("turngate_test_total 3"), std::string::npos);
}

TEST_F(AdminServer, ShowsStatusAndUsage)
{
    EXPECT_EQ(ask("GET /api/v1/status").body, R"({"sessions":0})");
    open()->insert({usage::sample_record("a"), usage::sample_record("b")});
    const std::string user = usage::sample_record().user;
    const Json page = Json::parse(ask("GET /api/v1/usage?user=" + user).body);
    EXPECT_EQ(page["data"].size(), 2u);
    EXPECT_EQ(page["data"][0]["user"], user);
    const Json sums = Json::parse(ask("GET /api/v1/usage?by=user").body);
    EXPECT_EQ(sums["data"][0]["responses"], 2);
}

TEST_F(AdminServer, RefusesBadParameters)
{
    expect_error("GET /api/v1/usage?limit=0", 400, "invalid_parameter");
    expect_error("GET /api/v1/usage?unheard_of=1", 400, "invalid_parameter");
    EXPECT_EQ(opened.load(), 0);
    expect_error("GET /api/v1/usage?cursor=bad", 400, "invalid_parameter");
}

TEST_F(AdminServer, OpensTheRepositoryAnewAfterItFailed)
{
    repository_is_away = true;
    expect_error("GET /api/v1/usage", 503, "repository_down");
    repository_is_away = false;
    EXPECT_EQ(ask("GET /api/v1/usage").status, 200);
}

TEST_F(AdminServer, DrainsAndReloadsOnPostOnly)
{
    expect_error("GET /api/v1/drain", 404, "not_found");
    expect_error("GET /api/v1/reload", 404, "not_found");
    EXPECT_EQ(drains, 0);
    EXPECT_EQ(post("/api/v1/drain").status, 202);
    EXPECT_EQ(drains, 1);
    EXPECT_EQ(post("/api/v1/reload").status, 200);
    notes = {"server.threads: needs a restart"};
    EXPECT_EQ(Json::parse(post("/api/v1/reload").body)["notes"], notes);
    complaints = {"config.yaml:3: keys: must not be empty"};
    const net::HttpResponse answer = post("/api/v1/reload");
    EXPECT_EQ(answer.status, 422);
    EXPECT_EQ(Json::parse(answer.body)["complaints"], complaints);
}

TEST_F(AdminServer, PassesOnAnOperatorsOrderAboutAnAccount)
{
    const auto post = [&](const char* path) { return AdminServer::post(path).status; };
    EXPECT_EQ(post("/api/v1/accounts/main/clear"), 200);
    EXPECT_EQ(post("/api/v1/accounts/a%2Fb%20c/disable"), 200);
    EXPECT_EQ(post("/api/v1/accounts/a/b/enable"), 200);
    EXPECT_EQ(post("/api/v1/accounts/unknown/clear"), 404);
    EXPECT_EQ(orders.size(), 4u);
    EXPECT_EQ(orders[1], "a/b c: disable");
    EXPECT_EQ(orders[2], "a/b: enable");
    for (const char* path : {"/api/v1/accounts/main/explode",
                             "/api/v1/accounts//clear",
                             "/api/v1/accounts/clear",
                             "/api/v1/accounts/%4/clear"})
        EXPECT_EQ(post(path), 404) << path;
    expect_error("GET /api/v1/accounts/main/clear", 404, "not_found");
    EXPECT_EQ(orders.size(), 4u);
}

TEST_F(AdminServer, HasNothingElse)
{
    for (const char* line :
         {"GET /", "GET /healthz/", "GET /v1/responses", "POST /healthz", "DELETE /api/v1/usage"})
        expect_error(line, 404, "not_found", std::string(kOwn) + "Content-Length: 0\r\n");
}

TEST_F(AdminServer, AnswersHeadWithoutABody)
{
    net::Stream stream = connect();
    fakes::run(
        loop_,
        stream.write_all(
            "HEAD /healthz HTTP/1.1\r\n\r\nGET /readyz HTTP/1.1\r\nConnection: close\r\n\r\n",
            fakes::later()));
    std::string all;
    for (;;) {
        std::array<char, 1024> bytes;
        const auto read = fakes::run(loop_, stream.read_some(bytes, fakes::later()));
        if (!read)
            break;
        all.append(bytes.data(), *read);
    }
    EXPECT_NE(all.find("content-length: 18\r\n\r\nHTTP/1.1 200 OK\r\n"), std::string::npos) << all;
    EXPECT_TRUE(all.ends_with(R"({"status":"ready"})"));
}

TEST_F(AdminServer, KeepsAConnectionForMoreQuestions)
{
    net::Stream stream = connect();
    EXPECT_EQ(ask(stream, "GET /healthz HTTP/1.1\r\n\r\n")->status, 200);
    EXPECT_EQ(ask(stream, "GET /readyz HTTP/1.1\r\n\r\n")->status, 200);
    const auto last = ask(stream, "GET /healthz HTTP/1.1\r\nConnection: close\r\n\r\n");
    EXPECT_EQ(last->headers.get("connection"), "close");
    EXPECT_FALSE(ask(stream, "GET /healthz HTTP/1.1\r\n\r\n"));
}

TEST_F(AdminServer, SaysWhatIsWrongWithARequest)
{
    net::Stream stream = connect();
    const auto answer = ask(stream, "nonsense\r\n\r\n");
    ASSERT_TRUE(answer);
    EXPECT_EQ(answer->status, 400);
}

TEST_F(AdminServer, GivesUsageAsCsvToo)
{
    const std::string sums = ask("GET /api/v1/usage?by=user&format=csv").body;
    EXPECT_EQ(sums.substr(0, 15), "user,responses,") << sums;
    EXPECT_EQ(ask("GET /api/v1/usage?format=csv").body.substr(0, 13), "response_uid,");
    EXPECT_EQ(ask("GET /api/v1/usage?format=xml").status, 400);
    finish();
}

TEST_F(AdminServer, TellsOfBalancesUnlessTheRepositoryIsAway)
{
    EXPECT_EQ(ask("GET /api/v1/balances").body, "0");
    repository_is_away = true;
    expect_error("GET /api/v1/balances", 503, "repository_down");
    repository_is_away = false;
    EXPECT_EQ(ask("GET /api/v1/balances").status, 200);
}

TEST_F(AdminServer, HandsResourcesWhatIsAskedOfThem)
{
    EXPECT_EQ(ask("GET /api/v1/things?wrong=no").status, 200);
    EXPECT_EQ(ask("GET /api/v1/things/a%20b/c%2Fd").status, 404);
    EXPECT_EQ(changes, 0);
    const std::string json =
        std::string(kOwn) + "Content-Type: application/json; charset=utf-8\r\n";
    EXPECT_EQ(post("/api/v1/things", R"({"x":1})", json).status, 200);
    EXPECT_EQ(changes, 1);
    EXPECT_EQ(post("/api/v1/things/none", R"({"x":1})", json).status, 404);
    EXPECT_EQ(changes, 1); // nothing came of it
    EXPECT_EQ(asked,
              (std::vector<std::string>{"GET  by admin 127.0.0.1",
                                        "GET a b c/d  by admin 127.0.0.1",
                                        R"(POST {"x":1} by admin 127.0.0.1)",
                                        R"(POST none {"x":1} by admin 127.0.0.1)"}));
}

TEST_F(AdminServer, RefusesWhatNoResourceCouldRead)
{
    expect_error("GET /api/v1/things?wrong=a+b", 400, "invalid_parameter");
    asked.clear();
    expect_error("GET /api/v1/things/%zz", 404, "not_found");
    expect_error("GET /api/v1/thingsandmore", 404, "not_found");
    EXPECT_EQ(post("/api/v1/things", "x=1").status, 415);
    EXPECT_EQ(post("/api/v1/things", std::string(65 * 1024, ' ')).status, 413);
    EXPECT_TRUE(asked.empty());
}

TEST_F(AdminServer, LetsNoPageOfAnotherOriginIn)
{
    const char* const theirs[] = {"Host: localhost:9090\r\nSec-Fetch-Site: cross-site\r\n",
                                  "Host: localhost:9090\r\nSec-Fetch-Site: same-site\r\n",
                                  "Host: localhost:9090\r\nOrigin: http://evil.test\r\n",
                                  "Host: localhost:9090\r\nOrigin: http://localhost:3000\r\n",
                                  "Host: localhost:9090\r\nOrigin: null\r\n",
                                  "Origin: http://localhost:9090\r\n",
                                  "Host: evil.test\r\n", // its name leads here now
                                  "Host: evil.test:9090\r\nOrigin: http://evil.test:9090\r\n",
                                  "Host: localhost.evil.test\r\n",
                                  "Host: 127.0.0.1.evil.test\r\n",
                                  "Host:\r\n"};
    for (const char* headers : theirs) {
        EXPECT_EQ(post("/api/v1/drain", {}, headers + std::string(kOwn)).status, 403) << headers;
        EXPECT_EQ(ask("GET /api/v1/usage", headers).status, 403) << headers;
        EXPECT_EQ(ask("GET /readyz", headers).status, 403) << headers;
    }
    EXPECT_EQ(post("/api/v1/drain", {}, "Host: localhost:9090\r\n").status, 403); // any page could
    expect_error("OPTIONS /api/v1/drain", 403, "header_required"); // no leave to send the header
    EXPECT_EQ(drains, 0);
    for (const char* headers : {"Host: localhost:9090\r\nSec-Fetch-Site: same-origin\r\n"
                                "Origin: http://localhost:9090\r\n",
                                "Host: LOCALHOST\r\nSec-Fetch-Site: none\r\n",
                                "Host: 127.0.0.1:9090\r\n",
                                "Host: [::1]:9090\r\n",
                                ""})
        EXPECT_EQ(post("/api/v1/drain", {}, headers + std::string(kOwn)).status, 202) << headers;
    EXPECT_EQ(drains, 5);
}

TEST_F(AdminServer, IsReachedByTheNamesOfItsConfiguration)
{
    EXPECT_EQ(ask("GET /metrics", "Host: gate.test\r\n").status, 403);
    config::Admin config;
    config.hosts = {"gate.test"};
    config.listen = "own.test:9090";
    server_.replace(config);
    EXPECT_EQ(ask("GET /metrics", "Host: Gate.test:81\r\n").status, 200);
    EXPECT_EQ(ask("GET /metrics", "Host: own.test\r\n").status, 200);
    EXPECT_EQ(ask("GET /metrics", "Host: evil.test\r\n").status, 403);
}

TEST_F(AdminServer, SurvivesABugInWhatItAsks)
{
    status_fails = true;
    net::Stream stream = connect();
    const auto answer = ask(stream, "GET /api/v1/status HTTP/1.1\r\n\r\n");
    ASSERT_TRUE(answer);
    EXPECT_EQ(answer->status, 500);
    EXPECT_EQ(Json::parse(answer->body)["error"]["code"], "internal_error");
    EXPECT_EQ(answer->body.find("a bug"), std::string::npos);
    EXPECT_EQ(ask("GET /healthz").status, 200);
    finish();
}

TEST_F(AdminServer, EndsWithItsConnections)
{
    net::Stream idle = connect();
    EXPECT_EQ(ask(idle, "GET /healthz HTTP/1.1\r\n\r\n")->status, 200);
    net::Stream silent = connect();
    fakes::settle(loop_);
    finish();
    std::array<char, 16> bytes;
    EXPECT_FALSE(fakes::run(loop_, idle.read_some(bytes, fakes::later())));
    EXPECT_FALSE(fakes::run(loop_, silent.read_some(bytes, fakes::later())));
}

class AdminServerWithToken : public AdminServer
{
protected:
    AdminServerWithToken() : AdminServer(with_token("s3cret")) {}

    static config::Admin with_token(std::string token)
    {
        config::Admin config;
        config.token = std::move(token);
        return config;
    }
};

TEST_F(AdminServerWithToken, WantsItForAllButHealth)
{
    EXPECT_EQ(ask("GET /healthz").status, 200);
    EXPECT_EQ(ask("GET /readyz").status, 200);
    for (const char* line : {"GET /metrics",
                             "GET /api/v1/status",
                             "GET /api/v1/usage",
                             "POST /api/v1/drain",
                             "GET /nothing"}) {
        for (const char* headers : {"",
                                    "Authorization: Bearer wrong\r\n",
                                    "Authorization: Bearer s3cre\r\n",
                                    "Authorization: Bearer s3crets\r\n",
                                    "Authorization: Basic s3cret\r\n",
                                    "Authorization: s3cret\r\n",
                                    "X-Api-Key: s3cret\r\n"})
            expect_error(
                line, 401, "invalid_token", std::string(headers) + "Content-Length: 0\r\n");
    }
    EXPECT_EQ(drains, 0);
    EXPECT_EQ(ask("GET /metrics", "Authorization: Bearer s3cret\r\n").status, 200);
    EXPECT_EQ(ask("GET /metrics", "authorization: bearer s3cret\r\n").status, 200);
    // It proves more than a name or a header could.
    const std::string mine = "Host: gate.test\r\nAuthorization: Bearer s3cret\r\n";
    EXPECT_EQ(post("/api/v1/drain", {}, mine).status, 202);
    EXPECT_EQ(post("/api/v1/drain", {}, mine + "Origin: http://evil.test\r\n").status, 403);
}

TEST_F(AdminServerWithToken, TakesAnotherAtOnce)
{
    net::Stream stream = connect(); // open connections too
    const auto status = [&](const std::string& token) {
        return ask(stream, "GET /metrics HTTP/1.1\r\nAuthorization: Bearer " + token + "\r\n\r\n")
            ->status;
    };
    EXPECT_EQ(status("s3cret"), 200);
    server_.replace(with_token("other"));
    EXPECT_EQ(status("s3cret"), 401);
    EXPECT_EQ(status("other"), 200);
}

class AdminServerWithFewConnections : public AdminServer
{
protected:
    AdminServerWithFewConnections() : AdminServer({}, {.connections = 3, .request = 1min}) {}

    bool is_open(net::Stream& stream)
    {
        std::array<char, 16> bytes;
        const auto read = fakes::run(loop_, stream.read_some(bytes, fakes::in(1ms)));
        return !read && read.error().code == core::FaultCode::upstream_timeout;
    }
};

TEST_F(AdminServerWithFewConnections, TheOldestSilentConnectionGivesWay)
{
    net::Stream first = connect();
    EXPECT_EQ(ask(first, "GET /healthz HTTP/1.1\r\n\r\n")->status, 200);
    std::vector<net::Stream> silent;
    for (int i = 0; i < 50; ++i)
        silent.push_back(connect());
    EXPECT_EQ(ask("GET /healthz").status, 200);
    EXPECT_FALSE(is_open(first));
    EXPECT_FALSE(is_open(silent.front()));
    EXPECT_TRUE(is_open(silent.back()));
}

class AdminServerInAHurry : public AdminServer
{
protected:
    AdminServerInAHurry() : AdminServer({}, {.request = 200ms, .idle = 400ms}) {}
};

TEST_F(AdminServerInAHurry, WhatIsNotWholeInTimeIsClosed)
{
    for (const char* beginning :
         {"", "GET /hea", "POST /api/v1/drain HTTP/1.1\r\nContent-Length: 5\r\n\r\nx"}) {
        net::Stream stream = connect();
        fakes::run(loop_, stream.write_all(beginning, fakes::later()));
        std::array<char, 16> bytes;
        const auto read = fakes::run(loop_, stream.read_some(bytes, fakes::later()));
        EXPECT_FALSE(read) << beginning;
    }
    EXPECT_EQ(drains, 0);
}

TEST_F(AdminServerInAHurry, AConnectionAtRestIsClosedAfterAWhile)
{
    net::Stream stream = connect();
    EXPECT_EQ(ask(stream, "GET /healthz HTTP/1.1\r\n\r\n")->status, 200);
    std::array<char, 16> bytes;
    EXPECT_FALSE(fakes::run(loop_, stream.read_some(bytes, fakes::later())));
}

} // namespace
} // namespace turngate::admin
