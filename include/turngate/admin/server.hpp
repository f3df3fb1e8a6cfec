#pragma once

#include "turngate/net/http.hpp"
#include "turngate/net/listener.hpp"
#include "turngate/net/task_group.hpp"
#include "turngate/telemetry/metrics.hpp"
#include "turngate/usage/repository.hpp"

#include <functional>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

namespace turngate::admin {

// What the admin side can ask of the process. Called on the admin loop's thread.
struct Sources
{
    telemetry::Metrics& metrics;
    std::function<std::vector<std::string>()> not_ready; // reasons; empty: ready
    std::function<std::string()> status;                 // JSON of /api/v1/status
    std::function<std::string()> accounts;               // JSON of /api/v1/accounts
    std::function<std::string()> balances; // JSON of /api/v1/balances; throws: repository is away
    std::function<std::unique_ptr<usage::UsageRepository>()> open_usage;
    std::function<std::vector<std::string>()> reload; // complaints; empty: done
    std::function<void()> drain;
    // clear, disable or enable; false: there is no such account
    std::function<bool(const std::string& account, std::string_view verb)> order_account;
    // Of /readyz, though it is ready: what somebody has to look after. May be empty.
    std::function<std::vector<std::string>()> warnings{};
};

// HTTP on admin.listen (interface.md): health, readiness, metrics, status, usage. On a loop of its
// own, so that a slow query never meets a turn.
class Server
{
public:
    // token: empty for none; else every path but /healthz and /readyz wants `Authorization: Bearer
    // <token>`.
    Server(net::Loop& loop, std::string token, Sources sources);
    ~Server();

    void accept_on(int descriptor); // on the loop's thread
    net::Task<> finish();           // stops accepting, closes all, waits

private:
    struct Answer;

    net::Task<> serve(net::Socket socket);
    static Answer not_http(int status);
    Answer answer_safely(const net::HttpRequest& request);
    Answer answer(const net::HttpRequest& request);
    Answer order_account(const std::string& account, std::string_view verb);
    Answer usage(std::string_view query);
    Answer balances();
    static Answer repository_down(const std::exception& failure);

    net::Loop& loop_;
    std::string token_;
    Sources sources_;
    std::unique_ptr<usage::UsageRepository> usage_;
    std::vector<std::unique_ptr<net::Acceptor>> acceptors_;
    std::vector<net::Stream*> open_;
    net::TaskGroup tasks_;
};

} // namespace turngate::admin
