// The journal's directory is deleted, moved or replaced under the process that writes to it.
#include "turngate/usage/journal.hpp"

#include "sample_record.hpp"
#include "temp_dir.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <filesystem>
#include <thread>

namespace turngate::usage {
namespace {

using namespace std::chrono_literals;
using testing::UnorderedElementsAre;

UsageRecord numbered(int number)
{
    return sample_record("uid-" + std::to_string(number));
}

class JournalPlaceTest : public testing::Test
{
protected:
    JournalOptions options(std::chrono::milliseconds put_back_after)
    {
        JournalOptions options;
        options.dir = path;
        options.put_back_after = put_back_after;
        return options;
    }

    // As the settler's thread does all the time.
    static void sync_until(JournalDirectory& journal, bool is_healthy)
    {
        const auto deadline = std::chrono::steady_clock::now() + 60s;
        while (journal.writer(0).is_healthy() != is_healthy) {
            ASSERT_LT(std::chrono::steady_clock::now(), deadline) << "it to be " << is_healthy;
            journal.sync();
            std::this_thread::sleep_for(1ms);
        }
    }

    std::vector<std::string> waiting_in(const std::string& dir)
    {
        JournalOptions options;
        options.dir = dir;
        JournalDirectory journal(options);
        std::vector<std::string> uids;
        journal.each_waiting([&](const std::vector<UsageRecord>& records) {
            for (const UsageRecord& record : records)
                uids.push_back(record.response_uid);
        });
        return uids;
    }

    TempDir directory;
    const std::string path = directory / "journal";
};

TEST_F(JournalPlaceTest, ADirectoryThatIsDeletedIsNoticedAndMadeAnewWithAllThatWaits)
{
    const std::string copy = directory / "copy";
    JournalDirectory journal(options(1ms));
    ASSERT_TRUE(journal.writer(0).append(numbered(0)));
    journal.sync();
    EXPECT_TRUE(journal.writer(0).is_healthy());
    std::filesystem::remove_all(path);
    sync_until(journal, false);
    ASSERT_TRUE(journal.writer(0).append(numbered(1))) << "of a turn that runs";
    sync_until(journal, true);
    ASSERT_TRUE(journal.writer(0).append(numbered(2))) << "into a segment of the new directory";
    journal.sync();
    std::filesystem::copy(path, copy);
    EXPECT_THAT(waiting_in(copy), UnorderedElementsAre("uid-0", "uid-1", "uid-2"))
        << "what a next process would find";

    const auto batch = journal.read(10);
    EXPECT_EQ(batch.records.size(), 3u);
    journal.advance(batch);
    EXPECT_EQ(journal.lag_bytes(), 0u);
}

TEST_F(JournalPlaceTest, WhatIsStillWrittenToALostSegmentIsCopiedToo)
{
    const std::string copy = directory / "copy";
    JournalDirectory journal(options(1ms));
    ASSERT_TRUE(journal.writer(0).append(numbered(0)));
    ASSERT_TRUE(journal.writer(1).append(numbered(1)));
    std::filesystem::remove_all(path);
    sync_until(journal, false);
    sync_until(journal, true);
    for (int i = 2; i < 6; ++i)
        ASSERT_TRUE(journal.writer(i % 2).append(numbered(i)));
    journal.sync();
    std::filesystem::copy(path, copy);
    EXPECT_THAT(waiting_in(copy),
                UnorderedElementsAre("uid-0", "uid-1", "uid-2", "uid-3", "uid-4", "uid-5"));
}

TEST_F(JournalPlaceTest, ADirectoryThatIsMovedAwayAndBackIsTheSameAgain)
{
    JournalDirectory journal(options(1h));
    ASSERT_TRUE(journal.writer(0).append(numbered(0)));
    std::filesystem::rename(path, directory / "elsewhere");
    sync_until(journal, false);
    std::filesystem::rename(directory / "elsewhere", path);
    sync_until(journal, true);
    ASSERT_TRUE(journal.writer(0).append(numbered(1)));
    EXPECT_EQ(journal.read(10).records.size(), 2u);
}

TEST_F(JournalPlaceTest, ADirectoryThatCannotBeMadeIsWaitedFor)
{
    JournalDirectory journal(options(1ms));
    ASSERT_TRUE(journal.writer(0).append(numbered(0)));
    std::filesystem::remove_all(path);
    write_file(path, "a file in its place");
    sync_until(journal, false);
    for (int i = 0; i < 10; ++i)
        journal.sync();
    EXPECT_FALSE(journal.writer(0).is_healthy());
    std::filesystem::remove(path);
    sync_until(journal, true);
    EXPECT_EQ(journal.read(10).records.size(), 1u);
}

TEST_F(JournalPlaceTest, ADirectoryInItsPlaceGetsWhatWaitsBesideWhatItHas)
{
    JournalDirectory journal(options(1ms));
    ASSERT_TRUE(journal.writer(0).append(numbered(0)));
    std::filesystem::rename(path, directory / "elsewhere");
    {
        JournalOptions other;
        other.dir = path;
        JournalDirectory another(other);
        for (unsigned loop = 0; loop < 3; ++loop)
            ASSERT_TRUE(another.writer(loop).append(numbered(10 + static_cast<int>(loop))));
    }
    sync_until(journal, false);
    sync_until(journal, true);
    ASSERT_TRUE(journal.writer(0).append(numbered(1)));
    EXPECT_EQ(journal.read(10).records.size(), 2u);
    const std::string copy = directory / "copy";
    std::filesystem::copy(path, copy);
    EXPECT_THAT(waiting_in(copy),
                UnorderedElementsAre("uid-0", "uid-1", "uid-10", "uid-11", "uid-12"));
}

} // namespace
} // namespace turngate::usage
