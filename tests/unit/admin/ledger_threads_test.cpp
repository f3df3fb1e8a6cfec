#include "turngate/admin/ledger_threads.hpp"

#include "fakes/run.hpp"
#include "turngate/net/task_group.hpp"
#include "unit/usage/temp_dir.hpp"

#include <gtest/gtest.h>
#include <nlohmann/json.hpp>

#include <atomic>
#include <latch>
#include <stdexcept>

namespace turngate::admin {
namespace {

using namespace std::chrono_literals;

Answer fine(usage::Ledger&)
{
    return {200, "{}"};
}

// A database that stands still until it is told to go on.
class Ledgers : public testing::Test
{
protected:
    ~Ledgers() override
    {
        if (stands_still_)
            go_on();
    }

    // Questions that wait until go_on().
    void stand_still(LedgerThreads& threads, int count)
    {
        stands_still_ = true;
        for (int i = 0; i < count; ++i)
            begin(threads, [this](usage::Ledger&) {
                ++begun_;
                still_.wait();
                return Answer{};
            });
    }
    void go_on()
    {
        stands_still_ = false;
        still_.count_down();
    }

    void begin(LedgerThreads& threads, LedgerThreads::Work work)
    {
        tasks_.spawn("question", keep(threads, std::move(work), ended_));
    }
    static net::Task<> keep(LedgerThreads& threads,
                            LedgerThreads::Work work,
                            std::vector<Answer>& ended)
    {
        Answer answered = co_await threads.ask(std::move(work));
        ended.push_back(std::move(answered));
    }

    static std::string code_of(const Answer& answer)
    {
        return nlohmann::json::parse(answer.body)["error"]["code"];
    }

    LedgerThreads::Open open = [this](core::Deadline until) {
        until_ = until;
        return usage::open_sqlite(dir_ / "usage.db");
    };

    usage::TempDir dir_;
    net::Loop loop_{0};
    net::TaskGroup tasks_{loop_};
    std::atomic<core::Deadline> until_{};
    std::vector<Answer> ended_;
    std::latch still_{1};
    bool stands_still_ = false;
    std::atomic<int> begun_ = 0;
};

TEST_F(Ledgers, AnswerOnAThreadOfTheirOwn)
{
    LedgerThreads threads(loop_, {}, open);
    std::thread::id where;
    const LedgerThreads::Work work = [&](usage::Ledger& ledger) {
        where = std::this_thread::get_id();
        return Answer{200, std::to_string(ledger.keys().size())};
    };
    EXPECT_EQ(fakes::run(loop_, threads.ask(work)).body, "0");
    EXPECT_TRUE(where != std::this_thread::get_id());
    EXPECT_GT(until_.load(), core::Clock::now());
}

TEST_F(Ledgers, SayWhatWentWrong)
{
    LedgerThreads threads(loop_, {}, open);
    const auto answer_to = [&](LedgerThreads::Work work) {
        return fakes::run(loop_, threads.ask(std::move(work)));
    };
    const Answer bad = answer_to(
        [](usage::Ledger&) -> Answer { throw std::invalid_argument("cursor: not ours"); });
    EXPECT_EQ(bad.status, 400);
    EXPECT_NE(bad.body.find("cursor: not ours"), std::string::npos);
    const Answer down =
        answer_to([](usage::Ledger&) -> Answer { throw std::runtime_error("password 'x'"); });
    EXPECT_EQ(down.status, 503);
    EXPECT_EQ(code_of(down), "repository_down");
    EXPECT_EQ(down.body.find("password"), std::string::npos);
    const Answer late = answer_to([](usage::Ledger&) -> Answer { throw usage::OutOfTime("late"); });
    EXPECT_EQ(late.status, 504);
    EXPECT_EQ(answer_to(fine).status, 200); // and go on
}

TEST_F(Ledgers, KeepNobodyWaitingForADatabaseThatStandsStill)
{
    LedgerThreads threads(loop_, {.threads = 2, .waiting = 3, .patience = 200ms}, open);
    stand_still(threads, 2);
    fakes::until(loop_, [&] { return begun_ == 2; });
    for (int i = 0; i < 5; ++i)
        begin(threads, fine);
    fakes::until(loop_, [&] { return ended_.size() == 2; }); // more than may wait
    for (const Answer& answer : ended_)
        EXPECT_EQ(code_of(answer), "repository_busy");
    fakes::until(loop_, [&] { return ended_.size() == 7; });
    for (std::size_t i = 2; i < ended_.size(); ++i) {
        EXPECT_EQ(ended_[i].status, 504);
        EXPECT_NE(ended_[i].body.find("turngate usage"), std::string::npos); // the way out
    }
    ended_.clear();
    begin(threads, fine); // there is room again, though no thread has come back
    fakes::until(loop_, [&] { return ended_.size() == 1; });
    EXPECT_EQ(ended_[0].status, 504);

    go_on();
    EXPECT_EQ(fakes::run(loop_, threads.ask(fine)).status, 200);
    EXPECT_EQ(begun_, 2);
}

TEST_F(Ledgers, EndWithoutTheDatabasesLeave)
{
    LedgerThreads threads(loop_, {.threads = 1, .patience = 1min}, open);
    stand_still(threads, 2);
    fakes::until(loop_, [&] { return begun_ == 1; });
    threads.close();
    fakes::until(loop_, [&] { return ended_.size() == 2; });
    EXPECT_EQ(ended_[0].status, 503);
    EXPECT_EQ(fakes::run(loop_, threads.ask(fine)).status, 503);
    EXPECT_FALSE(threads.stop(10ms));
    go_on();
    EXPECT_TRUE(threads.stop(20s));
    EXPECT_EQ(begun_, 1); // what nobody waits for is not begun
}

} // namespace
} // namespace turngate::admin
