#include "turngate/admin/server.hpp"

#include "fakes/run.hpp"

#include <boost/asio/ip/tcp.hpp>
#include <gtest/gtest.h>
#include <nlohmann/json.hpp>

#include <stdexcept>

namespace turngate::admin {
namespace {

using Json = nlohmann::json;

struct FakeRepository final : usage::UsageRepository
{
    std::size_t insert(const std::vector<usage::UsageRecord>&) override { return 0; }
    usage::UsagePage list(const usage::UsageQuery& query) override
    {
        if (query.cursor == "bad")
            throw std::invalid_argument("cursor: not one of ours");
        if (query.user == "nobody")
            throw std::runtime_error("disk I/O error");
        usage::UsagePage page;
        page.records.resize(1);
        page.records[0].user = query.user;
        return page;
    }
    std::vector<usage::UsageSum> sums(const usage::UsageQuery&, usage::GroupBy) override
    {
        usage::UsageSum sum;
        sum.name = "alice";
        sum.responses = 3;
        return {sum};
    }
};

// A server on a free port of this machine, asked over real sockets.
class AdminServer : public testing::Test
{
protected:
    explicit AdminServer(std::string token = {}) : server_(loop_, std::move(token), sources())
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

    core::Result<net::HttpResponse> ask(net::Stream& stream, const std::string& request)
    {
        fakes::run(loop_, stream.write_all(request, fakes::later()));
        return fakes::run(
            loop_,
            net::read_response(stream, {.headers = 16 << 10, .body = 1 << 20}, fakes::later()));
    }
    net::HttpResponse ask(const std::string& line, const std::string& headers = {})
    {
        net::Stream stream = connect();
        return ask(stream, line + " HTTP/1.1\r\n" + headers + "\r\n").value();
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

    std::vector<std::string> not_ready;
    std::vector<std::string> complaints;
    std::vector<std::string> notes;
    int drains = 0;
    std::vector<std::string> orders;
    int opened = 0;
    bool status_fails = false;
    bool balances_fail = false;

    net::Loop loop_{0};
    telemetry::Metrics metrics;

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
                [this]() -> std::string {
                    if (balances_fail)
                        throw std::runtime_error("connection refused");
                    return R"({"users":[],"keys":[]})";
                },
                [this]() -> std::unique_ptr<usage::UsageRepository> {
                    ++opened;
                    return std::make_unique<FakeRepository>();
                },
                [this] { return Reload{complaints, notes}; },
                [this] { ++drains; },
                [this](const std::string& account, std::string_view verb) {
                    orders.push_back(account + ": " + std::string(verb));
                    return account != "unknown";
                }};
    }

    net::ListenSocket listening_ = net::listen_on("127.0.0.1:0", 1);
    Server server_;
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
    const Json page = Json::parse(ask("GET /api/v1/usage?user=alice").body);
    EXPECT_EQ(page["data"][0]["user"], "alice");
    const Json sums = Json::parse(ask("GET /api/v1/usage?by=user").body);
    EXPECT_EQ(sums["data"][0]["responses"], 3);
    EXPECT_EQ(opened, 1); // one repository for all
}

TEST_F(AdminServer, RefusesBadParameters)
{
    expect_error("GET /api/v1/usage?limit=0", 400, "invalid_parameter");
    expect_error("GET /api/v1/usage?unheard_of=1", 400, "invalid_parameter");
    EXPECT_EQ(opened, 0);
    expect_error("GET /api/v1/usage?cursor=bad", 400, "invalid_parameter");
}

TEST_F(AdminServer, OpensTheRepositoryAnewAfterItFailed)
{
    expect_error("GET /api/v1/usage?user=nobody", 503, "repository_down");
    EXPECT_EQ(ask("GET /api/v1/usage?user=alice").status, 200);
    EXPECT_EQ(opened, 2);
}

TEST_F(AdminServer, DrainsAndReloadsOnPostOnly)
{
    expect_error("GET /api/v1/drain", 404, "not_found");
    expect_error("GET /api/v1/reload", 404, "not_found");
    EXPECT_EQ(drains, 0);
    EXPECT_EQ(ask("POST /api/v1/drain", "Content-Length: 0\r\n").status, 202);
    EXPECT_EQ(drains, 1);
    EXPECT_EQ(ask("POST /api/v1/reload", "Content-Length: 0\r\n").status, 200);
    notes = {"server.threads: needs a restart"};
    EXPECT_EQ(Json::parse(ask("POST /api/v1/reload", "Content-Length: 0\r\n").body)["notes"],
              notes);
    complaints = {"config.yaml:3: keys: must not be empty"};
    const net::HttpResponse answer = ask("POST /api/v1/reload", "Content-Length: 0\r\n");
    EXPECT_EQ(answer.status, 422);
    EXPECT_EQ(Json::parse(answer.body)["complaints"], complaints);
}

TEST_F(AdminServer, PassesOnAnOperatorsOrderAboutAnAccount)
{
    const auto post = [&](const char* path) {
        return ask(std::string("POST ") + path, "Content-Length: 0\r\n").status;
    };
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
        expect_error(line, 404, "not_found", "Content-Length: 0\r\n");
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
    EXPECT_NE(sums.find("alice,3,"), std::string::npos) << sums;
    EXPECT_EQ(ask("GET /api/v1/usage?format=csv").body.substr(0, 13), "response_uid,");
    EXPECT_EQ(ask("GET /api/v1/usage?format=xml").status, 400);
    finish();
}

TEST_F(AdminServer, TellsOfBalancesUnlessTheRepositoryIsAway)
{
    EXPECT_EQ(ask("GET /api/v1/balances").body, R"({"users":[],"keys":[]})");
    balances_fail = true;
    const auto answer = ask("GET /api/v1/balances");
    EXPECT_EQ(answer.status, 503);
    EXPECT_EQ(Json::parse(answer.body)["error"]["code"], "repository_down");
    balances_fail = false;
    EXPECT_EQ(ask("GET /api/v1/balances").status, 200);
    finish();
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
    AdminServerWithToken() : AdminServer("s3cret") {}
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
}

} // namespace
} // namespace turngate::admin
