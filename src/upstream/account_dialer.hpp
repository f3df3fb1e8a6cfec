#pragma once

#include "turngate/telemetry/metrics.hpp"
#include "turngate/upstream/pool.hpp"

namespace turngate::upstream {

// Opens connections to accounts, and says so in log and metrics.
class AccountDialer
{
public:
    struct Dialed
    {
        std::shared_ptr<Connection> connection; // its reader does not run yet
        std::string leftover;                   // what came together with the handshake
    };

    AccountDialer(net::Loop& loop,
                  net::Dialer& dialer,
                  telemetry::Metrics& metrics,
                  const PoolOptions& options);

    // Within options.dial_timeout. `headers`: what the client said that may go up. One of the
    // account's connections from here on.
    net::Task<boost::system::result<Dialed, LeaseFault>> dial(
        std::shared_ptr<const accounts::Account> account,
        Transport transport,
        const net::HttpHeaders& headers,
        net::Stop& stop);

    // On a connection that ends with the answer. One of the account's until then.
    net::Task<core::Result<net::HttpResponse>> ask(std::shared_ptr<const accounts::Account> account,
                                                   AccountQuestion question,
                                                   const net::HttpHeaders& headers,
                                                   core::ByteBudget::Share& share,
                                                   core::Deadline deadline,
                                                   net::Stop& stop);

    // A connection that was dialed is over.
    void closed(const Connection& connection, const net::Closing& closing);

private:
    net::Task<boost::system::result<Dialed, LeaseFault>> open(
        std::shared_ptr<const accounts::Account> account,
        Transport transport,
        const net::HttpHeaders& headers,
        net::Stop& stop);

    net::Loop& loop_;
    net::Dialer& dialer_;
    PoolOptions options_;
    telemetry::Counter ok_;
    telemetry::Counter failed_;
    telemetry::Gauge open_;
};

} // namespace turngate::upstream
