#pragma once

#include "http_output.hpp"
#include "rooms.hpp"

#include "turngate/net/http_exchange.hpp"

#include <memory>

namespace turngate::gateway {

// A client's HTTP request, from its end to that of its answer. Single loop.
class HttpCall : protected net::HttpExchange::Sink, protected net::Ticked
{
public:
    virtual ~HttpCall();

    // To the end of the answer, and of all that it waits for. True: the client's next request may
    // come on this connection.
    net::Task<bool> run();

    // After run().
    net::Stream release() { return exchange_.release(); }
    std::string take_leftover() noexcept { return exchange_.take_leftover(); }

    // Ends it, now: the shutdown deadline.
    virtual void shut_down() = 0;

protected:
    HttpCall(Rooms& rooms, net::Stream stream, std::string leftover);

    virtual net::Task<> answer() = 0;
    void on_tick(core::Deadline now) override;

    Rooms& rooms_;
    net::HttpExchange exchange_;
    std::unique_ptr<HttpOutput> client_; // there before run()
};

} // namespace turngate::gateway
