#include "dial_under_test.hpp"
#include "name_server.hpp"

#include "causes.hpp"
#include "names.hpp"

#include <gtest/gtest.h>
#include <sys/resource.h>

namespace turngate::net::test {
namespace {

using namespace std::chrono_literals;
using core::FaultCode;
using Reply = NameServer::Reply;

std::string upgraded(const HttpRequest& request)
{
    return switching(request);
}

// A dial by name; the server listens on 127.0.0.1 alone.
struct NamedDialing : Dialing
{
    explicit NamedDialing(NameServer::Story names)
        : Dialing(answering(upgraded)), name_server(loop, std::move(names))
    {
        Names::of(loop).ask_of(name_server.address());
        target.url.host = "api.test";
    }
    NameServer name_server;
};

NameServer::Story always(std::vector<std::string> v4, std::vector<std::string> v6 = {})
{
    return [=](const std::string&, bool is_v6) -> std::optional<Reply> {
        return Reply{is_v6 ? v6 : v4};
    };
}

TEST(Connecting, GoesOnWhenAnAddressSwallowsPackets)
{
    NamedDialing test(always({"127.0.0.2", "127.0.0.1"}));
    FullListener full("127.0.0.2", test.target.url.port);
    const auto begin = core::Clock::now();
    EXPECT_TRUE(test.dial());
    EXPECT_LT(core::Clock::now() - begin, 5s);
    EXPECT_EQ(test.server.accepted(), 1);
}

TEST(Connecting, GoesOnAtOnceWhenAnAddressRefuses)
{
    std::vector<std::string> addresses;
    for (int i = 2; i < 22; ++i)
        addresses.push_back("127.0.0." + std::to_string(i));
    addresses.emplace_back("127.0.0.1");
    NamedDialing test(always(addresses));
    const auto begin = core::Clock::now();
    EXPECT_TRUE(test.dial());
    EXPECT_LT(core::Clock::now() - begin, 4s); // 5 s, a quarter of a second each
}

TEST(Connecting, AFamilyThatIsNotHereIsPassedOver)
{
    NamedDialing test(always({"127.0.0.1"}, {"ff02::1", "::1", "fe80::1"}));
    EXPECT_TRUE(test.dial());
}

TEST(Connecting, TakesWhoAnswersFirstAndOnlyOne)
{
    NamedDialing test(always({"127.0.0.1", "127.0.0.2"}));
    ASSERT_TRUE(test.dial());
    EXPECT_EQ(test.server.accepted(), 1);
}

TEST(Connecting, TellsTheMostTellingFailure)
{
    NamedDialing test(always({"127.0.0.2"}, {"fe80::1", "ff02::1"}));
    const auto dialed = test.dial();
    ASSERT_FALSE(dialed);
    EXPECT_EQ(dialed.error().fault.code, FaultCode::dial_failed);
    EXPECT_EQ(dialed.error().fault.cause, asio::error::connection_refused);
}

TEST(Connecting, OneDeadlineIsOverAllAddresses)
{
    NamedDialing test(always({"127.0.0.2", "127.0.0.3", "127.0.0.4"}));
    FullListener second("127.0.0.2", test.target.url.port);
    FullListener third("127.0.0.3", test.target.url.port);
    FullListener fourth("127.0.0.4", test.target.url.port);
    const auto begin = core::Clock::now();
    const auto dialed = test.dial(fakes::in(600ms));
    ASSERT_FALSE(dialed);
    EXPECT_EQ(dialed.error().fault.code, FaultCode::upstream_timeout);
    EXPECT_LT(core::Clock::now() - begin, 5s);
}

TEST(Connecting, WaitsForASilentNameServerAlone)
{
    NamedDialing test([](const std::string& name, bool is_v6) -> std::optional<Reply> {
        if (name == "silent.test")
            return std::nullopt;
        return is_v6 ? Reply{} : Reply{{"127.0.0.1"}};
    });
    DialTarget silent = test.target;
    silent.url.host = "silent.test";
    Stop stop;
    std::optional<DialResult> waiting;
    TaskGroup tasks(test.loop);
    tasks.spawn("dial",
                fakes::keep(test.dialer->dial(test.loop, silent, fakes::later(), stop), waiting));
    EXPECT_TRUE(test.dial());
    ASSERT_FALSE(waiting);
    stop.request({FaultCode::gateway_draining, {}, "test"});
    fakes::settle(test.loop);
    ASSERT_TRUE(waiting);
    EXPECT_EQ(waiting->error().fault.code, FaultCode::gateway_draining);
}

// While it lives this process has no descriptor to give.
class NoDescriptors
{
public:
    NoDescriptors()
    {
        ::getrlimit(RLIMIT_NOFILE, &before_);
        const int next = ::dup(0);
        ::close(next);
        const rlimit none{static_cast<rlim_t>(next), before_.rlim_max};
        ::setrlimit(RLIMIT_NOFILE, &none);
    }
    ~NoDescriptors() { ::setrlimit(RLIMIT_NOFILE, &before_); }

private:
    rlimit before_{};
};

TEST(Connecting, WithoutDescriptorsIsOurOwnFault)
{
    NamedDialing test(always({"127.0.0.1"}));
    fakes::run(test.loop, test.server.finish()); // accepting needs descriptors, too
    for (const std::string host : {"127.0.0.1", "api.test"}) {
        test.target.url.host = host;
        {
            const NoDescriptors shortage;
            const auto dialed = test.dial();
            ASSERT_FALSE(dialed) << host;
            EXPECT_EQ(dialed.error().fault.code, FaultCode::out_of_resources) << host;
        }
        const auto dialed = test.dial(); // nothing is remembered of it
        ASSERT_FALSE(dialed) << host;
        EXPECT_EQ(dialed.error().fault.cause, asio::error::connection_refused) << host;
    }
}

TEST(Connecting, WhatThisMachineLacksIsNoFaultOfTheUpstream)
{
    const auto fault_of = [](int number) {
        return dial_fault({number, boost::system::system_category()}, "connect").code;
    };
    for (const int number : {EMFILE, ENFILE, ENOBUFS, ENOMEM, EADDRNOTAVAIL})
        EXPECT_EQ(fault_of(number), FaultCode::out_of_resources) << number;
    for (const int number : {ECONNREFUSED, ENETUNREACH, ETIMEDOUT, ECONNRESET})
        EXPECT_EQ(fault_of(number), FaultCode::dial_failed) << number;
    EXPECT_EQ(dial_fault(socks_cause(EMFILE), "proxy").code, FaultCode::dial_failed);
}

} // namespace
} // namespace turngate::net::test
