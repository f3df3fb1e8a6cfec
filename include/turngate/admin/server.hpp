#pragma once

#include "turngate/admin/ledger_threads.hpp"
#include "turngate/admin/reload.hpp"
#include "turngate/admin/resource.hpp"
#include "turngate/config/config.hpp"
#include "turngate/net/http.hpp"
#include "turngate/net/listener.hpp"
#include "turngate/net/task_group.hpp"
#include "turngate/telemetry/metrics.hpp"

#include <chrono>
#include <functional>
#include <memory>
#include <string>
#include <string_view>
#include <variant>
#include <vector>

namespace turngate::admin {

class Guard;
class Visit;

// What the admin side can ask of the process. Called on the admin loop's thread; none waits.
struct Sources
{
    telemetry::Metrics& metrics;
    std::function<std::vector<std::string>()> not_ready; // reasons; empty: ready
    std::function<std::string()> status;                 // JSON of /api/v1/status
    std::function<std::string()> accounts;               // JSON of /api/v1/accounts
    std::function<LedgerThreads::Work()> balances;       // its answer: /api/v1/balances
    std::function<Reload()> reload;
    std::function<void()> drain;
    // clear, disable or enable; false: there is no such account
    std::function<bool(const std::string& account, std::string_view verb)> order_account;
    std::vector<Resource> resources;      // what else the ledger answers
    std::function<void()> ledger_changed; // by a resource
    // Of /readyz, though it is ready: what somebody has to look after. May be empty.
    std::function<std::vector<std::string>()> warnings{};
};

// How many connections, and how long they may take. Whoever says nothing gives way to others.
struct Limits
{
    std::size_t connections = 256;
    std::chrono::milliseconds request{10'000}; // to be whole, from its first byte or the accept
    std::chrono::milliseconds idle{60'000};    // between requests
};

// HTTP on admin.listen (interface.md): health, readiness, metrics, status, usage. On a loop of its
// own, which a slow question never meets: those are the ledger threads'.
class Server
{
public:
    // Of `config` the token and the hosts count here.
    Server(net::Loop& loop,
           const config::Admin& config,
           Sources sources,
           LedgerThreads& ledgers,
           Limits limits = {});
    ~Server();

    void replace(const config::Admin& config); // for the requests to come; on the loop's thread

    void accept_on(int descriptor); // on the loop's thread
    // Stops accepting; whoever asks gets an answer if it is quick, all else is closed.
    net::Task<> finish();

private:
    // There at once, or from the ledger.
    using Reply = std::variant<Answer, LedgerThreads::Work>;

    void welcome(net::Socket socket, std::string peer);
    bool make_room();
    void close_if(const std::function<bool(const Visit&)>& is_so);
    net::Task<> serve(std::unique_ptr<Visit> visit);
    net::Task<core::Result<net::HttpRequest>> read(Visit& visit);
    net::Task<Answer> answer(const net::HttpRequest& request, const std::string& peer);
    Reply reply(const net::HttpRequest& request, const std::string& peer);
    Reply reply_safely(const net::HttpRequest& request, const std::string& peer);
    Answer ready() const;
    Answer reload() const;
    Answer order_account(const std::string& account, std::string_view verb) const;
    Reply usage(std::string_view query) const;
    Reply resource(const net::HttpRequest& request, const std::string& peer) const;

    net::Loop& loop_;
    std::unique_ptr<Guard> guard_;
    Sources sources_;
    LedgerThreads& ledgers_;
    const Limits limits_;
    std::vector<std::unique_ptr<net::Acceptor>> acceptors_;
    std::vector<Visit*> visits_; // open ones, the oldest first
    bool is_ending_ = false;
    net::TaskGroup tasks_;
};

} // namespace turngate::admin
