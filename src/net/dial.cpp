#include "turngate/net/dial.hpp"

#include "causes.hpp"
#include "connecting.hpp"
#include "names.hpp"
#include "proxy.hpp"
#include "upgrade.hpp"

#include <utility>

namespace turngate::net {
namespace {

class NetworkDialer final : public Dialer
{
public:
    explicit NetworkDialer(std::shared_ptr<const TlsContext> tls) : tls_(std::move(tls)) {}

    Task<boost::system::result<Stream, DialFault>> connect(Loop& loop,
                                                           const DialTarget& target,
                                                           core::Deadline deadline,
                                                           Stop& stop) override
    {
        if (stop.requested())
            co_return DialFault{stop.reason(), {}};
        const Url& first = target.proxy ? *target.proxy : target.url;
        auto found = co_await Names::of(loop).find(loop, first.host, deadline, stop);
        if (!found)
            co_return DialFault{found.error(), {}};
        auto stream =
            co_await connect_to_first(loop, std::move(*found), first.port, deadline, stop);
        if (!stream)
            co_return DialFault{stream.error(), {}};
        if (target.proxy) {
            const auto passed =
                co_await ask_for_tunnel(loop, *stream, first, target.url, deadline, stop);
            if (!passed)
                co_return DialFault{passed.error(), {}};
        }
        if (target.url.is_tls()) {
            const auto secure = co_await stream->start_tls(*tls_, target.url.host, deadline, &stop);
            if (!secure)
                co_return DialFault{as_dial(secure.error()), {}};
        }
        co_return std::move(*stream);
    }

    Task<DialResult> dial(Loop& loop,
                          DialTarget target,
                          core::Deadline deadline,
                          Stop& stop) override
    {
        auto stream = co_await connect(loop, target, deadline, stop);
        if (!stream)
            co_return std::move(stream).error();
        co_return co_await upgrade(std::move(*stream), target, deadline, stop);
    }

private:
    std::shared_ptr<const TlsContext> tls_;
};

} // namespace

std::unique_ptr<Dialer> make_dialer(std::shared_ptr<const TlsContext> tls)
{
    return std::make_unique<NetworkDialer>(std::move(tls));
}

void throw_exception_from_error(const DialFault& fault, const boost::source_location& at)
{
    core::throw_exception_from_error(fault.fault, at);
}

} // namespace turngate::net
