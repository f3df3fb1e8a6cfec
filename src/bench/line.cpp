#include "line.hpp"

#include "http_line.hpp"
#include "socket_line.hpp"

#include <utility>

namespace turngate::bench {

net::Task<LineResult> open_line(net::Loop& loop,
                                net::Dialer& dialer,
                                const LoadPlan& plan,
                                const std::string& client,
                                core::Deadline deadline,
                                net::Stop& stop)
{
    net::DialTarget target{plan.url, {}, {}};
    target.headers.add("authorization", "Bearer " + plan.key);
    target.headers.add("user-agent", "turngate-bench");
    if (plan.protocol() == Protocol::http) {
        target.headers.add("session-id", client);
        auto stream = co_await dialer.connect(loop, target, deadline, stop);
        if (!stream)
            co_return std::move(stream).error();
        std::unique_ptr<Line> line =
            std::make_unique<HttpLine>(loop, std::move(*stream), target.url, target.headers);
        co_return LineResult(std::move(line));
    }
    auto dialed = co_await dialer.dial(loop, std::move(target), deadline, stop);
    if (!dialed)
        co_return std::move(dialed).error();
    std::unique_ptr<Line> line = std::make_unique<SocketLine>(loop, std::move(*dialed));
    co_return LineResult(std::move(line));
}

} // namespace turngate::bench
