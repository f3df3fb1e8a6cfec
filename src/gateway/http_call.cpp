#include "http_call.hpp"

#include <utility>

namespace turngate::gateway {
namespace {

net::HttpExchange::Options options_of(const config::Relay& relay)
{
    return {relay.client_write_timeout, relay.max_buffer};
}

} // namespace

HttpCall::HttpCall(Rooms& rooms, net::Stream stream, std::string leftover)
    : rooms_(rooms), exchange_(rooms.loop,
                               std::move(stream),
                               std::move(leftover),
                               options_of(rooms.snapshot->config->relay))
{
    rooms_.loop.tick(*this);
}

HttpCall::~HttpCall() = default;

net::Task<bool> HttpCall::run()
{
    exchange_.watch(*this);
    co_await answer();
    const bool is_told = co_await exchange_.drained();
    rooms_.metrics.client_bytes_out.add(static_cast<double>(exchange_.bytes_out()));
    co_return is_told && client_->is_over() && client_->keeps_connection();
}

void HttpCall::on_tick(core::Deadline now)
{
    client_->keep_alive(now, rooms_.snapshot->config->http);
}

} // namespace turngate::gateway
