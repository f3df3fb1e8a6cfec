#pragma once

#include "name_servers.hpp"

#include "turngate/net/event.hpp"

#include <boost/asio/execution_context.hpp>
#include <boost/intrusive/list.hpp>

#include <optional>
#include <string>
#include <unordered_map>

namespace turngate::net {

// What names mean, remembered as long as their TTL says (a second at least, a day at most; failures
// a second). Asks for both families; who asks for the same name at the same time shares the
// questions. While the name servers are silent or broken an answer serves an hour longer. One for
// each loop, living in its io_context.
class Names final : public asio::execution_context::service
{
public:
    static asio::execution_context::id id;
    static Names& of(Loop& loop);

    explicit Names(asio::io_context& context);
    ~Names() override;

    // The addresses of `host`, in the order of RFC 8305 section 4: IPv6 first, the families in
    // turn. One at least; or dial_failed, out_of_resources, upstream_timeout, the stop's reason.
    Task<core::Result<Addresses>> find(Loop& loop,
                                       const std::string& host,
                                       core::Deadline deadline,
                                       Stop& stop);

    // Other name servers than those of the system: see NameServers::use.
    void ask_of(std::string servers);

private:
    struct Waiter;
    struct Family;
    struct Name;

    void shutdown() override;
    Name& name(const std::string& host);
    void ask_for_what_is_due(Name& name);
    void ask(Name& name, Family& family);

    std::optional<NameServers> servers_; // until shutdown
    std::unordered_map<std::string, Name> names_;
};

} // namespace turngate::net
