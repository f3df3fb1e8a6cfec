#include "names.hpp"

#include "causes.hpp"

#include <ares.h>
#include <boost/asio/error.hpp>
#include <sys/socket.h>

#include <algorithm>

namespace turngate::net {
namespace {

using namespace std::chrono_literals;
using core::Clock;
using core::Deadline;

constexpr std::chrono::seconds kShortest = 1s; // also of a failure
constexpr std::chrono::seconds kLongest = 24h;
constexpr auto kStale = 1h;
// How long a name server may be silent before an answer that is too old serves (RFC 8767), and how
// long the second family is waited for once the first is known (RFC 8305 section 3).
constexpr auto kPatience = 500ms;
constexpr auto kOtherFamily = 50ms;

// What needs no question: an address, and this machine (RFC 6761 section 6.3).
Addresses known(const std::string& host)
{
    if (host == "localhost" || host.ends_with(".localhost"))
        return {asio::ip::address_v6::loopback(), asio::ip::address_v4::loopback()};
    error_code no_address;
    const auto literal = asio::ip::make_address(host, no_address);
    return no_address ? Addresses() : Addresses{literal};
}

} // namespace

struct Names::Waiter
    : boost::intrusive::list_base_hook<boost::intrusive::link_mode<boost::intrusive::auto_unlink>>
{
    explicit Waiter(Loop& loop) : told(loop) {}
    Event told;
};

// What is known of a name in one family.
struct Names::Family
{
    int family;
    Addresses addresses{};
    error_code failure{};
    bool is_asked = false; // a question runs
    Deadline asked_at{};
    Deadline answered_at{};
    Deadline fresh_until{};
    Deadline usable_until{};

    bool is_usable() const { return !addresses.empty() && Clock::now() < usable_until; }
    // The name servers say that there is none.
    bool is_denied() const
    {
        return failure == name_cause(ARES_ENODATA) || failure == name_cause(ARES_ENOTFOUND);
    }

    void learn(NameServers::Answer answer)
    {
        is_asked = false;
        answered_at = Clock::now();
        failure = answer.failure;
        if (!failure) {
            addresses = std::move(answer.addresses);
            fresh_until = answered_at + std::clamp(answer.ttl, kShortest, kLongest);
            usable_until = fresh_until + kStale;
            return;
        }
        // What this machine lacks may be there again at once.
        const bool is_ours = dial_fault(failure, "").code != core::FaultCode::dial_failed;
        fresh_until = is_ours ? answered_at : answered_at + kShortest;
        if (is_denied())
            addresses.clear();
    }

    // A family that a name does not have is asked for again together with the one that it has.
    bool is_due(const Family& other) const
    {
        const auto now = Clock::now();
        return !is_asked && now >= fresh_until &&
               !(is_denied() && other.is_usable() && now < other.fresh_until);
    }

    // Until when it is worth to wait for its answer.
    Deadline worth_waiting(const Family& other) const
    {
        if (!is_asked)
            return {};
        if (is_usable())
            return asked_at + kPatience;
        if (other.is_usable())
            return std::max(asked_at, other.answered_at) + kOtherFamily;
        return Deadline::max();
    }
};

struct Names::Name
{
    std::string host;
    Family v6{AF_INET6};
    Family v4{AF_INET};
    boost::intrusive::list<Waiter, boost::intrusive::constant_time_size<false>> waiters{};

    bool is_needed() const
    {
        return v6.is_asked || v4.is_asked || !waiters.empty() || v6.is_usable() || v4.is_usable();
    }
    Deadline worth_waiting() const { return std::max(v6.worth_waiting(v4), v4.worth_waiting(v6)); }
    Addresses in_turn() const
    {
        Addresses all;
        const auto add = [&](const Family& family, std::size_t i) {
            if (family.is_usable() && i < family.addresses.size())
                all.push_back(family.addresses[i]);
        };
        for (std::size_t i = 0; i < std::max(v6.addresses.size(), v4.addresses.size()); ++i) {
            add(v6, i);
            add(v4, i);
        }
        return all;
    }
    error_code failure() const
    {
        return v4.failure == name_cause(ARES_ENODATA) ? v6.failure : v4.failure;
    }
};

asio::execution_context::id Names::id;

Names& Names::of(Loop& loop)
{
    return asio::use_service<Names>(loop.context());
}

Names::Names(asio::io_context& context) : service(context), servers_(std::in_place, context) {}

Names::~Names() = default;

// Waiters are ended by the io_context, with their frames.
void Names::shutdown()
{
    servers_.reset();
}

Task<core::Result<Addresses>> Names::find(Loop& loop,
                                          const std::string& host,
                                          core::Deadline deadline,
                                          Stop& stop)
{
    auto addresses = known(host);
    if (!addresses.empty())
        co_return addresses;

    Name& asked = name(host);
    Waiter waiter(loop);
    asked.waiters.push_back(waiter);
    ask_for_what_is_due(asked);
    for (;;) {
        const auto now = Clock::now();
        const auto until = asked.worth_waiting();
        if (until <= now)
            break;
        if (deadline <= now)
            co_return core::Fault{
                core::FaultCode::upstream_timeout, asio::error::timed_out, "resolve"};
        waiter.told.reset();
        co_await waiter.told.wait_until(std::min(until, deadline), stop);
        if (stop.requested())
            co_return stop.reason();
    }
    addresses = asked.in_turn();
    if (addresses.empty())
        co_return dial_fault(asked.failure(), "resolve");
    co_return addresses;
}

void Names::ask_of(std::string servers)
{
    servers_->use(std::move(servers));
}

Names::Name& Names::name(const std::string& host)
{
    if (const auto known = names_.find(host); known != names_.end())
        return known->second;
    std::erase_if(names_, [](const auto& one) { return !one.second.is_needed(); });
    return names_.try_emplace(host, host).first->second;
}

void Names::ask_for_what_is_due(Name& name)
{
    // Which ones, before the first answer can come.
    const bool is_v6_due = name.v6.is_due(name.v4);
    const bool is_v4_due = name.v4.is_due(name.v6);
    if (is_v4_due)
        ask(name, name.v4);
    if (is_v6_due)
        ask(name, name.v6);
}

void Names::ask(Name& name, Family& family)
{
    family.is_asked = true;
    family.asked_at = Clock::now();
    servers_->ask(name.host, family.family, [&name, &family](NameServers::Answer answer) {
        family.learn(std::move(answer));
        for (Waiter& waiter : name.waiters)
            waiter.told.set();
    });
}

} // namespace turngate::net
