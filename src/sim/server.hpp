#pragma once

#include "connection.hpp"
#include "control.hpp"
#include "http_connection.hpp"
#include "options.hpp"

#include "turngate/net/listener.hpp"
#include "turngate/net/task_group.hpp"
#include "turngate/net/tls.hpp"

#include <memory>
#include <set>
#include <string>

namespace turngate::sim {

// Listens, answers HTTP, upgrades, and keeps the connections. One loop, one thread.
class Server
{
public:
    // Throws std::runtime_error when it cannot listen or a file cannot be used.
    explicit Server(const Options& options);
    ~Server();

    const std::string& address() const noexcept { return listening_.address; }

    void run();  // until stop()
    void stop(); // from any thread; signals included, through the loop

    net::Loop& loop() noexcept { return loop_; }
    World& world() noexcept { return world_; } // for the loop's thread, or before run()

private:
    class Guest; // a stream that is not a connection yet, so that stop() can end it

    net::Task<> serve(net::Stream stream);
    net::Task<> upgrade(net::Stream stream, net::HttpRequest request);
    net::Task<> refuse(net::Stream stream, net::HttpResponse response, bool is_endless);
    net::Task<> connect(net::Stream stream,
                        RequestFacts facts,
                        UpgradeActPtr act,
                        net::HttpRequest request);
    net::Task<> shut_down();

    World world_;
    Transcript transcript_;
    net::Loop loop_;
    net::TaskGroup tasks_;
    std::shared_ptr<const net::TlsContext> tls_;
    net::ListenSocket listening_;
    net::Acceptor acceptor_;
    Connections connections_;
    std::set<net::Stream*> guests_;
    Control control_;
    HttpConnection::All visits_;
    bool stops_ = false;
};

} // namespace turngate::sim
