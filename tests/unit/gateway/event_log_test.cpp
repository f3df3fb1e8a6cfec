#include "event_logs.hpp"

#include "rooms_under_test.hpp"

#include <gtest/gtest.h>

namespace turngate::gateway::test {
namespace {

using namespace std::chrono_literals;

std::string created(const std::string& id)
{
    return R"({"type":"response.created","sequence_number":0,"response":{"id":")" + id +
           R"(","created_at":1,"status":"in_progress"}})";
}

std::string delta(int number, std::size_t size = 1)
{
    return R"({"type":"response.output_text.delta","sequence_number":)" + std::to_string(number) +
           R"(,"delta":")" + std::string(size, 'x') + "\"}";
}

const std::string kCompleted = R"({"type":"response.completed","sequence_number":9,"response":)"
                               R"({"id":"resp_1","created_at":1,"status":"completed"}})";

struct Follower final : EventLog::Reader
{
    void on_news() override { ++news; }
    int news = 0;
};

class EventLogTest : public testing::Test
{
protected:
    std::shared_ptr<EventLog> open() { return logs.open("default/alice", {}); }
    static std::vector<std::string> texts(const EventLog& log)
    {
        std::vector<std::string> all;
        for (auto at = log.behind(-1).value(); at < log.end(); ++at)
            all.emplace_back(log.event(at));
        return all;
    }
    void limit(std::uint64_t max_log, std::uint64_t max_buffer)
    {
        test.config.background.max_log = max_log;
        test.config.relay.max_buffer = max_buffer;
        test.load();
    }

    RoomsUnderTest test;
    LogPlaces places{1 << 20};
    EventLogs logs{test.rooms, places};
};

TEST_F(EventLogTest, IsFoundByItsTenantFromItsBeginningUntilItIsForgotten)
{
    {
        const auto log = open();
        EXPECT_FALSE(logs.find("default/alice", "resp_1"));
        log->send(created("resp_1"));
        EXPECT_EQ(logs.find("default/alice", "resp_1"), log);
    }
    EXPECT_EQ(places.find("default/alice", "resp_1"), 0u);
    EXPECT_FALSE(places.find("default/bob", "resp_1"));
    EXPECT_FALSE(logs.find("default/bob", "resp_1"));
    EXPECT_GT(places.bytes.held(), 0u);
    logs.forget(*logs.find("default/alice", "resp_1"));
    EXPECT_FALSE(logs.find("default/alice", "resp_1"));
    EXPECT_FALSE(places.find("default/alice", "resp_1"));
    EXPECT_EQ(places.bytes.held(), 0u);
}

TEST_F(EventLogTest, IsForgottenSoLongAfterItsEnd)
{
    test.config.background.keep = 100ms;
    test.load();
    open()->send(created("resp_0")); // which has none
    {
        const auto log = open();
        log->send(created("resp_1"));
        log->send(kCompleted);
    }
    fakes::until(test.loop, [&] { return !logs.find("default/alice", "resp_1"); });
    EXPECT_TRUE(logs.find("default/alice", "resp_0"));
}

TEST_F(EventLogTest, OfTwoWithOneIdTheLaterOneIsKnown)
{
    const auto first = open();
    const auto second = open();
    first->send(created("resp_1"));
    second->send(created("resp_1"));
    logs.forget(*first);
    EXPECT_EQ(logs.find("default/alice", "resp_1"), second);
    EXPECT_TRUE(places.find("default/alice", "resp_1"));
}

TEST_F(EventLogTest, HasRisingNumbers)
{
    const auto log = open();
    log->send(created("resp_1"));
    for (const int number : {4, 4, 2, 7})
        log->send(delta(number));
    log->send(R"({"type":"keepalive"})");
    log->send(kCompleted);
    EXPECT_EQ(texts(*log),
              (std::vector<std::string>{created("resp_1"),
                                        delta(4),
                                        delta(5),
                                        delta(6),
                                        delta(7),
                                        R"({"type":"keepalive","sequence_number":8})",
                                        kCompleted}));
    EXPECT_EQ(log->event(*log->behind(6)), delta(7));
    EXPECT_EQ(log->behind(9), log->end());
    EXPECT_FALSE(log->behind(10));
}

TEST_F(EventLogTest, BeginsAnewWhileNobodyHasStreamedIt)
{
    const auto log = open();
    EXPECT_FALSE(log->shows_at_once());
    log->send(created("resp_0"));
    log->send(delta(1));
    log->send(created("resp_1"));
    EXPECT_EQ(texts(*log), std::vector<std::string>{created("resp_1")});
    EXPECT_EQ(logs.find("default/alice", "resp_0"), logs.find("default/alice", "resp_1"));
    log->note_streamed();
    EXPECT_TRUE(log->shows_at_once());
    log->send(created("resp_2"));
    EXPECT_EQ(texts(*log).size(), 2u);
    EXPECT_NE(log->object().find("resp_2"), std::string::npos);
}

TEST_F(EventLogTest, BeyondItsLimitIsAQueueForItsReaders)
{
    limit(2'000, 3'000);
    const auto log = open();
    Follower slow;
    log->add_reader(slow);
    log->send(created("resp_1"));
    for (int i = 1; i < 5; ++i)
        log->send(delta(i, 1'000));
    EXPECT_FALSE(log->behind(-1)); // for nobody else
    EXPECT_EQ(log->event(slow.at), created("resp_1"));
    EXPECT_EQ(log->end() - slow.at, 5u);
    EXPECT_TRUE(log->is_congested());
    slow.at = 4;
    log->advanced();
    EXPECT_FALSE(log->is_congested());
    EXPECT_EQ(log->event(slow.at), delta(4, 1'000));
    log->remove_reader(slow);
    log->send(kCompleted);
    EXPECT_NE(log->object().find(R"("status":"completed")"), std::string::npos);
    EXPECT_LE(places.bytes.held(), log->object().size());
}

TEST_F(EventLogTest, SharesWhatThereIsForAll)
{
    places.bytes.set_most(3'000);
    const auto one = open(), two = open();
    one->send(created("resp_1"));
    two->send(created("resp_2"));
    one->send(delta(1, 2'000));
    two->send(delta(1, 2'000));
    EXPECT_TRUE(one->behind(-1));
    EXPECT_FALSE(two->behind(-1));
    EXPECT_LE(places.bytes.held(), 3'000u);
    two->send(R"({"type":"response.completed","response":{"id":"resp_2","created_at":1}})");
    EXPECT_NE(two->object().find("resp_2"), std::string::npos);
}

TEST_F(EventLogTest, HasAnEndHoweverItsTurnEnds)
{
    const auto cut = open();
    cut->note_streamed();
    cut->send(created("resp_1"));
    Follower reader;
    cut->add_reader(reader);
    cut->leave();
    EXPECT_TRUE(cut->is_over());
    EXPECT_GT(reader.news, 0);
    EXPECT_EQ(protocol::peek_kind(cut->event(cut->end() - 1)), protocol::EventKind::failed);
    EXPECT_NE(cut->object().find(R"("status":"failed")"), std::string::npos);
    EXPECT_NE(cut->object().find(R"("created_at":1)"), std::string::npos); // all that was known
    cut->send(kCompleted);                                                 // too late
    EXPECT_NE(cut->object().find(R"("status":"failed")"), std::string::npos);

    const auto refused = open();
    refused->leave();
    EXPECT_TRUE(refused->is_over());
    EXPECT_NE(refused->refusal().find("internal_error"), std::string::npos);
    EXPECT_TRUE(refused->ids().empty());
}

// What is left of logs that were too large is bounded, too: the oldest goes.
TEST_F(EventLogTest, KeepsNoMoreObjectsThanThereIsRoomFor)
{
    const std::string text(100'000, 'x');
    const auto id = [](int number) { return "resp_" + std::to_string(number); };
    for (int i = 0; i < 40; ++i) {
        const auto log = open();
        log->send(created(id(i)));
        log->send(R"({"type":"response.completed","response":{"id":")" + id(i) +
                  R"(","created_at":1,"status":"completed","text":")" + text + "\"}}");
    }
    std::uint64_t kept = 0;
    for (int i = 0; i < 40; ++i)
        if (const auto log = logs.find("default/alice", id(i)))
            kept += log->object().size();
    EXPECT_LE(kept, 1u << 20);
    EXPECT_GT(kept, 3u << 18);
    EXPECT_FALSE(logs.find("default/alice", id(0)));
    EXPECT_TRUE(logs.find("default/alice", id(39)));
}

TEST_F(EventLogTest, TellsItsFirstObjectBeforeItIsAnother)
{
    struct Waiting final : EventLog::Reader
    {
        explicit Waiting(const EventLog& its) : log(its) {}
        void on_news() override
        {
            if (first.empty())
                first = log.object();
        }
        const EventLog& log;
        std::string first;
    };
    const auto log = open();
    Waiting reader(*log);
    log->add_reader(reader);
    log->send(created("resp_1"));
    log->send(kCompleted);
    log->flush();
    EXPECT_NE(reader.first.find(R"("status":"in_progress")"), std::string::npos);
    EXPECT_NE(reader.first.find(R"("background":true)"), std::string::npos);
}

} // namespace
} // namespace turngate::gateway::test
