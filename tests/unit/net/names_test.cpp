#include "name_server.hpp"

#include "fakes/run.hpp"
#include "names.hpp"

#include "turngate/net/task_group.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <fstream>

namespace turngate::net::test {
namespace {

using namespace std::chrono_literals;
using core::FaultCode;
using testing::ElementsAre;
using testing::UnorderedElementsAre;
using Reply = NameServer::Reply;
using Code = NameServer::Code;

const std::string kName = "api.test";
const std::string kSilent = "silent.test";

std::optional<Reply> nobody(const std::string&, bool)
{
    return std::nullopt;
}

class Asking
{
public:
    explicit Asking(NameServer::Story story) : server(loop, std::move(story))
    {
        names.ask_of(server.address());
    }

    core::Result<Addresses> find(const std::string& name, core::Deadline deadline = fakes::later())
    {
        return fakes::run(loop, names.find(loop, name, deadline, stop));
    }
    // As text; a fault as what it says.
    std::vector<std::string> found(const std::string& name = kName)
    {
        const auto result = find(name);
        if (!result)
            return {result.error().cause.message()};
        std::vector<std::string> texts;
        for (const auto& address : *result)
            texts.push_back(address.to_string());
        return texts;
    }
    void pass(std::chrono::milliseconds time)
    {
        const auto until = core::Clock::now() + time;
        fakes::until(loop, [&] { return core::Clock::now() >= until; });
    }

    Loop loop{0};
    NameServer server;
    Names& names = Names::of(loop);
    Stop stop;
};

TEST(Names, BringsBothFamiliesInTurn)
{
    Asking test([](const std::string&, bool is_v6) -> std::optional<Reply> {
        if (is_v6)
            return Reply{{"2001:db8::1", "2001:db8::2"}};
        return Reply{{"192.0.2.1", "192.0.2.2", "192.0.2.3"}};
    });
    EXPECT_THAT(test.found(),
                ElementsAre("2001:db8::1", "192.0.2.1", "2001:db8::2", "192.0.2.2", "192.0.2.3"));
}

TEST(Names, OneFamilyWillDo)
{
    for (const bool has_v6 : {false, true}) {
        Asking test([&](const std::string&, bool is_v6) -> std::optional<Reply> {
            return is_v6 == has_v6 ? Reply{{is_v6 ? "2001:db8::1" : "192.0.2.1"}} : Reply{};
        });
        EXPECT_THAT(test.found(), ElementsAre(has_v6 ? "2001:db8::1" : "192.0.2.1"));
        EXPECT_THAT(test.server.asked, UnorderedElementsAre("api.test A", "api.test AAAA"));
    }
}

TEST(Names, AddressesAndThisMachineAreNotAskedFor)
{
    Asking test(nobody);
    EXPECT_THAT(test.found("192.0.2.7"), ElementsAre("192.0.2.7"));
    EXPECT_THAT(test.found("2001:db8::7"), ElementsAre("2001:db8::7"));
    EXPECT_THAT(test.found("localhost"), ElementsAre("::1", "127.0.0.1"));
    EXPECT_THAT(test.found("api.localhost"), ElementsAre("::1", "127.0.0.1"));
    EXPECT_TRUE(test.server.asked.empty());
}

TEST(Names, HostsFileNeedsNoServer)
{
    Asking test(nobody);
    std::ifstream file("/etc/hosts");
    for (std::string address, name; file >> address >> name; std::getline(file, address))
        if (!address.starts_with("#") && name.find("localhost") == std::string::npos)
            EXPECT_THAT(test.found(name), testing::Contains(address)) << name;
}

TEST(Names, AreAskedForOnceByAllWhoAskTogether)
{
    Asking test([](const std::string&, bool) { return Reply{.after = 20ms}; });
    TaskGroup tasks(test.loop);
    std::array<std::optional<core::Result<Addresses>>, 10> results;
    for (auto& result : results)
        tasks.spawn(
            "ask",
            fakes::keep(test.names.find(test.loop, kName, fakes::later(), test.stop), result));
    fakes::until(test.loop, [&] { return tasks.running() == 0; });
    EXPECT_THAT(test.server.asked, UnorderedElementsAre("api.test A", "api.test AAAA"));
    for (const auto& result : results)
        EXPECT_EQ(result->error().code, FaultCode::dial_failed);
}

TEST(Names, AreRememberedForTheirTtlAndASecondAtLeast)
{
    for (const std::uint32_t ttl : {0u, 1u, 3600u}) {
        Asking test([&](const std::string&, bool is_v6) -> std::optional<Reply> {
            return is_v6 ? Reply{} : Reply{{"192.0.2.1"}, ttl};
        });
        EXPECT_THAT(test.found(), ElementsAre("192.0.2.1"));
        EXPECT_THAT(test.found(), ElementsAre("192.0.2.1"));
        EXPECT_EQ(test.server.asked.size(), 2u);
        test.pass(1100ms);
        EXPECT_THAT(test.found(), ElementsAre("192.0.2.1"));
        EXPECT_EQ(test.server.asked.size(), ttl > 1 ? 2u : 4u) << ttl;
    }
}

TEST(Names, FollowWhatChanges)
{
    std::string address = "192.0.2.1";
    Asking test([&](const std::string&, bool is_v6) -> std::optional<Reply> {
        return is_v6 ? Reply{} : Reply{{address}, 0};
    });
    EXPECT_THAT(test.found(), ElementsAre("192.0.2.1"));
    address = "192.0.2.2";
    test.pass(1100ms);
    EXPECT_THAT(test.found(), ElementsAre("192.0.2.2"));
}

TEST(Names, FailuresAreRememberedForASecond)
{
    Code code = Code::no_such_name;
    Asking test([&](const std::string&, bool is_v6) -> std::optional<Reply> {
        if (code != Code::ok)
            return Reply{.code = code};
        return is_v6 ? Reply{} : Reply{{"192.0.2.1"}};
    });
    EXPECT_THAT(test.found("api.test."), ElementsAre("Domain name not found"));
    const auto asked = test.server.asked.size();
    EXPECT_THAT(test.found("api.test."), ElementsAre("Domain name not found"));
    EXPECT_EQ(test.server.asked.size(), asked);
    code = Code::ok;
    test.pass(1100ms);
    EXPECT_THAT(test.found("api.test."), ElementsAre("192.0.2.1"));
}

TEST(Names, WaitForALateAnswer)
{
    Asking test([](const std::string&, bool is_v6) -> std::optional<Reply> {
        return is_v6 ? Reply{} : Reply{{"192.0.2.1"}, 60, Code::ok, 300ms};
    });
    EXPECT_THAT(test.found(), ElementsAre("192.0.2.1"));
}

TEST(Names, DoNotWaitForTheOtherFamily)
{
    for (const bool silent : {false, true}) {
        Asking test([&](const std::string&, bool is_v6) -> std::optional<Reply> {
            if (is_v6 == silent)
                return std::nullopt;
            return Reply{{is_v6 ? "2001:db8::1" : "192.0.2.1"}};
        });
        const auto begin = core::Clock::now();
        EXPECT_THAT(test.found(), ElementsAre(silent ? "192.0.2.1" : "2001:db8::1"));
        EXPECT_LT(core::Clock::now() - begin, 5s); // a silent question ends after 15 s
    }
}

TEST(Names, AskAgainForWhatWasLost)
{
    int lost = 0;
    Asking test([&](const std::string&, bool is_v6) -> std::optional<Reply> {
        if (++lost <= 2)
            return std::nullopt;
        return is_v6 ? Reply{} : Reply{{"192.0.2.1"}};
    });
    EXPECT_THAT(test.found(), ElementsAre("192.0.2.1"));
}

TEST(Names, NobodyWaitsForAServerThatIsSilentForAnother)
{
    Asking test([](const std::string& name, bool is_v6) -> std::optional<Reply> {
        if (name == kSilent)
            return std::nullopt;
        return is_v6 ? Reply{} : Reply{{"192.0.2.1"}};
    });
    std::optional<core::Result<Addresses>> silent;
    Stop stop;
    TaskGroup tasks(test.loop);
    tasks.spawn("ask",
                fakes::keep(test.names.find(test.loop, kSilent, fakes::later(), stop), silent));
    EXPECT_THAT(test.found(), ElementsAre("192.0.2.1"));
    ASSERT_FALSE(silent);

    stop.request({FaultCode::client_gone, {}, "test"});
    fakes::settle(test.loop);
    ASSERT_TRUE(silent);
    EXPECT_EQ(silent->error().code, FaultCode::client_gone);

    const auto waited = test.find(kSilent, fakes::in(50ms));
    EXPECT_EQ(waited.error().code, FaultCode::upstream_timeout);
    EXPECT_STREQ(waited.error().where, "resolve");
}

// Of a server that has fallen silent or is broken; what it says anew is believed.
TEST(Names, AnOldAnswerServesWhileThereIsNoNewOne)
{
    std::optional<Reply> later;
    bool is_first = true;
    Asking test([&](const std::string&, bool is_v6) -> std::optional<Reply> {
        if (is_first)
            return is_v6 ? Reply{} : Reply{{"192.0.2.1"}, 0};
        return later;
    });
    EXPECT_THAT(test.found(), ElementsAre("192.0.2.1"));
    is_first = false;
    test.pass(1100ms);
    const auto begin = core::Clock::now();
    for (int i = 0; i < 10; ++i) // half a second is waited once, not each time
        EXPECT_THAT(test.found(), ElementsAre("192.0.2.1"));
    EXPECT_LT(core::Clock::now() - begin, 4s);

    later = Reply{.code = Code::broken};
    test.names.ask_of(test.server.address()); // asks what runs anew
    test.pass(100ms);
    EXPECT_THAT(test.found(), ElementsAre("192.0.2.1"));

    later = Reply{.code = Code::no_such_name};
    test.pass(1100ms);
    EXPECT_THAT(test.found(), ElementsAre("Domain name not found"));
}

TEST(Names, AreAskedOfNewServersWhenThoseChange)
{
    Asking test(nobody);
    NameServer other(test.loop, [](const std::string&, bool is_v6) -> std::optional<Reply> {
        return is_v6 ? Reply{} : Reply{{"192.0.2.9"}};
    });
    std::optional<core::Result<Addresses>> found;
    TaskGroup tasks(test.loop);
    tasks.spawn("ask",
                fakes::keep(test.names.find(test.loop, kName, fakes::later(), test.stop), found));
    fakes::until(test.loop, [&] { return test.server.asked.size() == 2; });
    test.names.ask_of(other.address());
    fakes::until(test.loop, [&] { return tasks.running() == 0; });
    ASSERT_TRUE(*found);
    EXPECT_EQ(found->value().front().to_string(), "192.0.2.9");
}

TEST(Names, GoWithTheirLoopWhileSomebodyWaits)
{
    Asking test(nobody);
    asio::co_spawn(test.loop.executor(),
                   test.names.find(test.loop, kName, fakes::later(), test.stop),
                   [](const std::exception_ptr&, const core::Result<Addresses>&) { FAIL(); });
    fakes::until(test.loop, [&] { return test.server.asked.size() == 2; });
}

} // namespace
} // namespace turngate::net::test
