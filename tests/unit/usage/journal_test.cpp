#include "turngate/usage/journal.hpp"

#include "journal_frame.hpp"
#include "sample_record.hpp"
#include "temp_dir.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <sys/resource.h>
#include <sys/wait.h>
#include <unistd.h>

#include <algorithm>
#include <csignal>
#include <optional>
#include <thread>

namespace turngate::usage {
namespace {

using testing::ElementsAre;
using testing::EndsWith;
using testing::HasSubstr;
using testing::IsEmpty;
using testing::ThrowsMessage;

JournalOptions options_in(const std::string& dir)
{
    return {.dir = dir};
}

UsageRecord numbered(int number)
{
    return sample_record("uid-" + std::to_string(number));
}

std::vector<std::string> uids_of(const JournalDirectory::Batch& batch)
{
    std::vector<std::string> uids;
    for (const UsageRecord& record : batch.records)
        uids.push_back(record.response_uid);
    return uids;
}

// Reads and settles all there is.
struct Drained
{
    std::vector<std::string> uids;
    std::uint64_t torn_bytes = 0;
};

Drained drain(JournalDirectory& journal, std::size_t batch_size = 512)
{
    Drained drained;
    for (auto batch = journal.read(batch_size); !batch.end.empty();
         batch = journal.read(batch_size)) {
        for (std::string& uid : uids_of(batch))
            drained.uids.push_back(std::move(uid));
        drained.torn_bytes += batch.torn_bytes;
        journal.advance(batch);
    }
    return drained;
}

std::vector<std::string> files_ending(const std::string& dir, std::string_view ending)
{
    std::vector<std::string> files;
    for (const auto& entry : std::filesystem::directory_iterator(dir))
        if (entry.path().string().ends_with(ending))
            files.push_back(entry.path().string());
    std::ranges::sort(files);
    return files;
}

std::vector<std::string> segments_in(const std::string& dir)
{
    return files_ending(dir, ".journal");
}

std::vector<std::string> corrupt_in(const std::string& dir)
{
    return files_ending(dir, ".corrupt");
}

std::string frame_of(const UsageRecord& record)
{
    std::string frame;
    append_frame(frame, encode(record));
    return frame;
}

// A journal as a process that died would leave it: one segment with these bytes.
void leave_segment(const TempDir& dir, const std::string& bytes)
{
    std::filesystem::create_directories(dir / "j");
    write_file(dir / "j/0-0000000001.journal", bytes);
}

TEST(JournalFrame, IsReadOnlyWhole)
{
    std::string frame;
    append_frame(frame, "payload");
    EXPECT_EQ(frame_payload(frame + "more"), "payload");
    for (std::size_t size = 0; size < frame.size(); ++size)
        EXPECT_FALSE(frame_payload(frame.substr(0, size))) << size;
    for (std::size_t i = 0; i < frame.size(); ++i) {
        std::string damaged = frame;
        damaged[i] = static_cast<char>(damaged[i] ^ 1);
        EXPECT_FALSE(frame_payload(damaged)) << i;
    }
}

TEST(JournalFrame, IsNotSeenInZeros)
{
    EXPECT_FALSE(frame_payload(std::string(64, '\0')));
}

TEST(Journal, GivesBackWhatWasAppendedAndThenNoMore)
{
    const TempDir dir;
    JournalDirectory journal(options_in(dir / "made/on/demand"));
    for (int i = 0; i < 3; ++i)
        EXPECT_TRUE(journal.writer(0).append(numbered(i)));
    EXPECT_EQ(journal.lag_bytes(), frame_of(numbered(0)).size() * 3);

    const auto batch = journal.read(512);
    EXPECT_THAT(uids_of(batch), ElementsAre("uid-0", "uid-1", "uid-2"));
    EXPECT_TRUE(same(batch.records[1], numbered(1)));
    EXPECT_EQ(uids_of(journal.read(512)), uids_of(batch)); // not settled: read again

    journal.advance(batch);
    EXPECT_THAT(uids_of(journal.read(512)), IsEmpty());
    EXPECT_EQ(journal.lag_bytes(), 0u);
}

TEST(Journal, GivesAtMostAsManyAsAsked)
{
    const TempDir dir;
    JournalDirectory journal(options_in(dir.path()));
    for (int i = 0; i < 5; ++i)
        ASSERT_TRUE(journal.writer(i % 2).append(numbered(i)));
    EXPECT_EQ(journal.read(2).records.size(), 2u);
    EXPECT_THAT(drain(journal, 2).uids, ElementsAre("uid-0", "uid-2", "uid-4", "uid-1", "uid-3"));
}

TEST(Journal, RotatesAndDeletesWhatIsSettled)
{
    const TempDir dir;
    JournalOptions options = options_in(dir.path());
    options.segment_bytes = frame_of(numbered(0)).size() * 2;
    JournalDirectory journal(options);
    for (int i = 0; i < 7; ++i)
        ASSERT_TRUE(journal.writer(0).append(numbered(i)));
    EXPECT_EQ(segments_in(dir.path()).size(), 4u);
    EXPECT_THAT(drain(journal, 3).uids,
                ElementsAre("uid-0", "uid-1", "uid-2", "uid-3", "uid-4", "uid-5", "uid-6"));
    EXPECT_EQ(segments_in(dir.path()).size(), 1u); // the open one
}

TEST(Journal, OfARunThatDiedIsReadByTheNext)
{
    const TempDir dir;
    for (int run = 0; run < 3; ++run) {
        JournalDirectory journal(options_in(dir.path()));
        ASSERT_TRUE(journal.writer(0).append(numbered(run)));
    }
    JournalDirectory journal(options_in(dir.path()));
    EXPECT_GT(journal.lag_bytes(), 0u);
    EXPECT_THAT(drain(journal).uids, ElementsAre("uid-0", "uid-1", "uid-2"));
    EXPECT_THAT(segments_in(dir.path()), IsEmpty());
    EXPECT_EQ(journal.lag_bytes(), 0u);
}

TEST(Journal, GoesOnFromACheckpointInTheMiddleOfASegment)
{
    const TempDir dir;
    {
        JournalDirectory journal(options_in(dir.path()));
        for (int i = 0; i < 5; ++i)
            ASSERT_TRUE(journal.writer(0).append(numbered(i)));
        journal.advance(journal.read(2));
    }
    JournalDirectory journal(options_in(dir.path()));
    EXPECT_EQ(journal.lag_bytes(), frame_of(numbered(0)).size() * 3);
    EXPECT_THAT(drain(journal).uids, ElementsAre("uid-2", "uid-3", "uid-4"));
}

TEST(Journal, ReplaysAllWhenTheCheckpointIsLostOrDamaged)
{
    for (const std::string checkpoint :
         {"", "garbage", "turngate-journal-checkpoint 1\n0-0000000001.journal 9"}) {
        const TempDir dir;
        {
            JournalDirectory journal(options_in(dir.path()));
            for (int i = 0; i < 2; ++i)
                ASSERT_TRUE(journal.writer(0).append(numbered(i)));
            journal.advance(journal.read(1));
        }
        write_file(dir / "checkpoint", checkpoint);
        JournalDirectory journal(options_in(dir.path()));
        EXPECT_THAT(drain(journal).uids, ElementsAre("uid-0", "uid-1")) << checkpoint;
    }
}

TEST(Journal, TakesACheckpointAheadOfItsSegmentForSettled)
{
    const TempDir dir;
    leave_segment(dir, frame_of(numbered(0)));
    write_file(dir / "j/checkpoint",
               "turngate-journal-checkpoint 1\n0-0000000001.journal 99999\nend\n");
    JournalDirectory journal(options_in(dir / "j"));
    EXPECT_EQ(journal.lag_bytes(), 0u);
    EXPECT_THAT(drain(journal).uids, IsEmpty());
}

TEST(Journal, NeverTakesAnOldCheckpointForANewSegments)
{
    const TempDir dir;
    std::filesystem::create_directories(dir / "j");
    write_file(dir / "j/checkpoint",
               "turngate-journal-checkpoint 1\n0-0000000001.journal 99999\nend\n");
    {
        JournalDirectory journal(options_in(dir / "j"));
        ASSERT_TRUE(journal.writer(0).append(numbered(0)));
    }
    JournalDirectory journal(options_in(dir / "j"));
    EXPECT_THAT(drain(journal).uids, ElementsAre("uid-0"));
}

TEST(Journal, ToleratesATailTornAtEveryByte)
{
    const std::string first = frame_of(numbered(0)) + frame_of(numbered(1));
    const std::string last = frame_of(numbered(2));
    for (std::size_t size = 0; size < last.size(); ++size) {
        const TempDir dir;
        leave_segment(dir, first + last.substr(0, size));
        JournalDirectory journal(options_in(dir / "j"));
        const Drained drained = drain(journal);
        ASSERT_THAT(drained.uids, ElementsAre("uid-0", "uid-1")) << size;
        ASSERT_EQ(drained.torn_bytes, size);
        ASSERT_EQ(journal.lag_bytes(), 0u) << size;
        ASSERT_THAT(segments_in(dir / "j"), IsEmpty());
        ASSERT_EQ(corrupt_in(dir / "j").size(), size == 0 ? 0u : 1u) << size;
    }
}

TEST(Journal, SetsADamagedSegmentAsideAndReadsTheRest)
{
    const TempDir dir;
    const std::string frame = frame_of(numbered(0));
    std::string damaged = frame + frame_of(numbered(1)) + frame_of(numbered(2));
    damaged[frame.size() + frame.size() / 2] ^= 1;
    leave_segment(dir, damaged);
    write_file(dir / "j/1-0000000002.journal", frame_of(numbered(3)));

    JournalDirectory journal(options_in(dir / "j"));
    const Drained drained = drain(journal);
    EXPECT_THAT(drained.uids, ElementsAre("uid-0", "uid-2", "uid-3"));
    EXPECT_EQ(drained.torn_bytes, frame.size());
    ASSERT_THAT(corrupt_in(dir / "j"), ElementsAre(EndsWith("0-0000000001.journal.corrupt")));
    EXPECT_EQ(contents_of(corrupt_in(dir / "j").front()), damaged);
}

// Whatever one byte of the middle record becomes, the others are read.
TEST(Journal, LosesOneRecordToOneBadByte)
{
    const std::string frame = frame_of(numbered(1));
    for (std::size_t at = 0; at < frame.size(); ++at) {
        const TempDir dir;
        std::string damaged = frame;
        damaged[at] ^= static_cast<char>(1 << at % 8);
        leave_segment(dir, frame_of(numbered(0)) + damaged + frame_of(numbered(2)));
        JournalDirectory journal(options_in(dir / "j"));
        const Drained drained = drain(journal, 1 + at % 3);
        EXPECT_THAT(drained.uids, ElementsAre("uid-0", "uid-2")) << at;
        EXPECT_EQ(drained.torn_bytes, frame.size()) << at;
    }
}

TEST(Journal, ReadsWhatStandsBehindALongDamage)
{
    for (const std::size_t size : {70'000u, 300'000u, 1'000'003u}) {
        const TempDir dir;
        std::string garbage(size, '\0');
        for (std::size_t i = 0; i < size; ++i)
            garbage[i] = static_cast<char>(i * 7 + i / 251);
        leave_segment(dir, frame_of(numbered(0)) + garbage + frame_of(numbered(1)));
        JournalDirectory journal(options_in(dir / "j"));
        const Drained drained = drain(journal);
        EXPECT_THAT(drained.uids, ElementsAre("uid-0", "uid-1")) << size;
        EXPECT_EQ(drained.torn_bytes, size);
        EXPECT_EQ(corrupt_in(dir / "j").size(), 1u);
        EXPECT_EQ(journal.lag_bytes(), 0u);
    }
}

TEST(Journal, KeepsADamagedSegmentAlsoWhenItDiesBeforeItsEnd)
{
    const TempDir dir;
    leave_segment(dir, "damage" + frame_of(numbered(0)) + frame_of(numbered(1)));
    {
        JournalDirectory journal(options_in(dir / "j"));
        const auto batch = journal.read(1);
        EXPECT_EQ(batch.torn_bytes, 6u);
        EXPECT_EQ(journal.read(1).torn_bytes, 6u); // not yet settled: the same again
        journal.advance(batch);
    }
    JournalDirectory journal(options_in(dir / "j"));
    const Drained drained = drain(journal);
    EXPECT_THAT(drained.uids, ElementsAre("uid-1"));
    EXPECT_EQ(drained.torn_bytes, 0u);
    EXPECT_THAT(segments_in(dir / "j"), IsEmpty());
    EXPECT_EQ(corrupt_in(dir / "j").size(), 1u);
}

TEST(Journal, KnowsItsSize)
{
    const TempDir dir;
    JournalDirectory journal(options_in(dir.path()));
    EXPECT_EQ(journal.size_bytes(), 0u);
    ASSERT_TRUE(journal.writer(0).append(numbered(0)));
    ASSERT_TRUE(journal.writer(1).append(numbered(1)));
    EXPECT_EQ(journal.size_bytes(), 2 * frame_of(numbered(0)).size());
    drain(journal);
    EXPECT_EQ(journal.lag_bytes(), 0u);
    EXPECT_EQ(journal.size_bytes(), 2 * frame_of(numbered(0)).size()); // settled and still open
}

TEST(Journal, NeverOverwritesASegmentThatWasSetAside)
{
    const TempDir dir;
    leave_segment(dir, "torn");
    for (int run = 0; run < 2; ++run) {
        JournalDirectory journal(options_in(dir / "j"));
        drain(journal);
        ASSERT_TRUE(journal.writer(0).append(numbered(run)));
        EXPECT_THAT(segments_in(dir / "j"),
                    ElementsAre(EndsWith(run == 0 ? "2.journal" : "3.journal")));
    }
    EXPECT_EQ(contents_of(dir / "j/0-0000000001.journal.corrupt"), "torn");
}

TEST(Journal, KeepsZerosAside)
{
    const TempDir dir;
    const std::string tail(4096, '\0');
    leave_segment(dir, frame_of(numbered(0)) + tail);
    JournalDirectory journal(options_in(dir / "j"));
    const Drained drained = drain(journal);
    EXPECT_THAT(drained.uids, ElementsAre("uid-0"));
    EXPECT_EQ(drained.torn_bytes, tail.size());
    EXPECT_EQ(corrupt_in(dir / "j").size(), 1u);
}

TEST(Journal, LeavesARecordOfANewerProgramWhereItIsAndSaysSo)
{
    std::string newer_record = encode(numbered(1));
    ++newer_record[0];
    std::string newer_frame;
    append_frame(newer_frame, newer_record);
    const TempDir dir;
    leave_segment(dir, frame_of(numbered(0)) + newer_frame + frame_of(numbered(2)));
    JournalDirectory journal(options_in(dir / "j"));
    ASSERT_TRUE(journal.writer(0).append(numbered(3)));
    const auto batch = journal.read(512);
    EXPECT_THAT(uids_of(batch), ElementsAre("uid-0", "uid-3")) << "what is readable elsewhere too";
    journal.advance(batch);
    EXPECT_THAT([&] { journal.read(512); },
                ThrowsMessage<std::runtime_error>(HasSubstr("a newer turngate")));
    EXPECT_THAT(corrupt_in(dir / "j"), IsEmpty());
    EXPECT_EQ(journal.lag_bytes(), newer_frame.size() + frame_of(numbered(2)).size());
}

TEST(Journal, ShowsWhatWaitsAndWhatWasSettledLately)
{
    const TempDir dir;
    {
        JournalDirectory journal(options_in(dir.path()));
        for (int i = 0; i < 3; ++i)
            ASSERT_TRUE(journal.writer(0).append(numbered(i)));
        journal.advance(journal.read(2));
    }
    JournalDirectory journal(options_in(dir.path()));
    std::vector<std::string> settled;
    for (const UsageRecord& record : journal.settled_lately())
        settled.push_back(record.response_uid);
    EXPECT_THAT(settled, ElementsAre("uid-0", "uid-1"));
    std::vector<std::string> waiting;
    journal.each_waiting([&](const std::vector<UsageRecord>& records) {
        for (const UsageRecord& record : records)
            waiting.push_back(record.response_uid);
    });
    EXPECT_THAT(waiting, ElementsAre("uid-2"));
}

TEST(Journal, MovesOnFromASegmentThatWentBadWhileOpen)
{
    const TempDir dir;
    JournalDirectory journal(options_in(dir.path()));
    const std::size_t frame = frame_of(numbered(0)).size();
    for (int i = 0; i < 3; ++i)
        ASSERT_TRUE(journal.writer(0).append(numbered(i)));
    std::string bytes = contents_of(segments_in(dir.path()).front());
    bytes[frame + 20] ^= 1;
    write_file(segments_in(dir.path()).front(), bytes); // the same file: the writer has it open

    const Drained drained = drain(journal);
    EXPECT_THAT(drained.uids, ElementsAre("uid-0", "uid-2"));
    EXPECT_EQ(drained.torn_bytes, frame);
    ASSERT_EQ(corrupt_in(dir.path()).size(), 1u);
    ASSERT_TRUE(journal.writer(0).append(numbered(3)));
    EXPECT_THAT(drain(journal).uids, ElementsAre("uid-3"));
    EXPECT_EQ(segments_in(dir.path()).size(), 1u);
    EXPECT_EQ(contents_of(corrupt_in(dir.path()).front()), bytes); // nothing was added to it
}

TEST(Journal, MovesOnFromASegmentThatSomebodyCut)
{
    const TempDir dir;
    JournalDirectory journal(options_in(dir.path()));
    for (int i = 0; i < 3; ++i)
        ASSERT_TRUE(journal.writer(0).append(numbered(i)));
    const std::size_t frame = frame_of(numbered(0)).size();
    std::filesystem::resize_file(segments_in(dir.path()).front(), frame + 5);
    const Drained drained = drain(journal);
    EXPECT_THAT(drained.uids, ElementsAre("uid-0"));
    EXPECT_EQ(drained.torn_bytes, frame * 2);
    ASSERT_TRUE(journal.writer(0).append(numbered(3)));
    EXPECT_THAT(drain(journal).uids, ElementsAre("uid-3"));
    EXPECT_EQ(journal.lag_bytes(), 0u);
}

TEST(Journal, LeavesForeignFilesAlone)
{
    const TempDir dir;
    for (const char* name :
         {"notes.txt", "0-1.journal", "x-0000000001.journal", "0-0000000001.journal.bak"})
        write_file(dir / name, "mine");
    JournalDirectory journal(options_in(dir.path()));
    EXPECT_THAT(drain(journal).uids, IsEmpty());
    EXPECT_EQ(contents_of(dir / "0-1.journal"), "mine");
}

TEST(Journal, ThatCannotBeMadeSaysWhy)
{
    const TempDir dir;
    write_file(dir / "file", "");
    EXPECT_THAT([&] { JournalDirectory journal(options_in(dir / "file/journal")); },
                ThrowsMessage<std::runtime_error>(HasSubstr(dir / "file/journal")));
    EXPECT_THAT([] { JournalDirectory journal(options_in("/proc/journal")); },
                ThrowsMessage<std::runtime_error>(HasSubstr("/proc/journal")));
}

TEST(Journal, BelongsToOneProcess)
{
    const TempDir dir;
    std::optional<JournalDirectory> journal(options_in(dir.path()));
    const auto is_refused_elsewhere = [&dir] {
        const pid_t child = ::fork();
        if (child == 0) {
            try {
                JournalDirectory other(options_in(dir.path()));
                ::_exit(0);
            } catch (const std::runtime_error& error) {
                const std::string_view what = error.what();
                ::_exit(what.find("another process uses this journal") != what.npos ? 1 : 2);
            }
        }
        int status = 0;
        EXPECT_EQ(::waitpid(child, &status, 0), child);
        return WEXITSTATUS(status) == 1;
    };
    EXPECT_TRUE(is_refused_elsewhere());
    journal.reset();
    EXPECT_FALSE(is_refused_elsewhere());
}

// A disk that is full, as far as a process can be told so without one.
class FullDisk
{
public:
    explicit FullDisk(rlim_t file_bytes)
    {
        std::signal(SIGXFSZ, SIG_IGN);
        ::getrlimit(RLIMIT_FSIZE, &before_);
        const rlimit limited{file_bytes, before_.rlim_max};
        ::setrlimit(RLIMIT_FSIZE, &limited);
    }
    ~FullDisk() { ::setrlimit(RLIMIT_FSIZE, &before_); }
    FullDisk(const FullDisk&) = delete;
    FullDisk& operator=(const FullDisk&) = delete;

private:
    rlimit before_{};
};

TEST(Journal, RefusesWhatTheDiskHasNoRoomForAndRecovers)
{
    const TempDir dir;
    JournalDirectory journal(options_in(dir.path()));
    Journal& writer = journal.writer(0);
    const std::size_t frame = frame_of(numbered(0)).size();
    {
        const FullDisk full(frame * 2 + frame / 2); // the third record is written in part
        EXPECT_TRUE(writer.append(numbered(0)));
        EXPECT_TRUE(writer.append(numbered(1)));
        EXPECT_TRUE(writer.is_healthy());
        const auto refused = writer.append(numbered(2));
        ASSERT_FALSE(refused);
        EXPECT_EQ(refused.error().code, core::FaultCode::accounting_unavailable);
        EXPECT_EQ(refused.error().cause, boost::system::errc::file_too_large);
        EXPECT_FALSE(writer.is_healthy());
        journal.sync(); // still no room
        EXPECT_FALSE(writer.is_healthy());
        EXPECT_EQ(std::filesystem::file_size(segments_in(dir.path()).front()), frame * 2);
    }
    journal.sync(); // nobody appends while new turns are refused: the trial write finds out
    EXPECT_TRUE(writer.is_healthy());
    EXPECT_TRUE(writer.append(numbered(3)));
    const Drained drained = drain(journal);
    EXPECT_THAT(drained.uids, ElementsAre("uid-0", "uid-1", "uid-3"));
    EXPECT_EQ(drained.torn_bytes, 0u);
}

TEST(Journal, IsHealthyAgainAfterAnAppendThatWorked)
{
    const TempDir dir;
    JournalDirectory journal(options_in(dir.path()));
    {
        const FullDisk full(0);
        EXPECT_FALSE(journal.writer(0).append(numbered(0)));
    }
    EXPECT_FALSE(journal.writer(0).is_healthy());
    EXPECT_TRUE(journal.writer(0).append(numbered(0)));
    EXPECT_TRUE(journal.writer(0).is_healthy());
}

TEST(Journal, SyncsEachRecordWhenToldSo)
{
    const TempDir dir;
    JournalOptions options = options_in(dir.path());
    options.fsync = std::chrono::milliseconds(0);
    JournalDirectory journal(options);
    EXPECT_TRUE(journal.writer(0).append(numbered(0)));
    EXPECT_THAT(drain(journal).uids, ElementsAre("uid-0"));
}

TEST(Journal, LosesNothingBetweenLoopsAndTheSettler)
{
    constexpr int kEach = 2000;
    const TempDir dir;
    JournalOptions options = options_in(dir.path());
    options.segment_bytes = 64 << 10;
    JournalDirectory journal(options);
    Journal& first = journal.writer(0);
    Journal& second = journal.writer(1);
    const auto write = [](Journal& writer, int from) {
        for (int i = from; i < from + kEach; ++i)
            EXPECT_TRUE(writer.append(numbered(i)));
    };
    std::thread one([&] { write(first, 0); });
    std::thread two([&] { write(second, kEach); });
    std::vector<std::string> uids;
    while (uids.size() < 2 * kEach) {
        journal.sync();
        const Drained drained = drain(journal, 100);
        ASSERT_EQ(drained.torn_bytes, 0u);
        uids.insert(uids.end(), drained.uids.begin(), drained.uids.end());
    }
    one.join();
    two.join();
    std::ranges::sort(uids);
    EXPECT_EQ(std::ranges::adjacent_find(uids), uids.end());
    EXPECT_EQ(uids.size(), 2u * kEach);
    EXPECT_EQ(journal.lag_bytes(), 0u);
}

} // namespace
} // namespace turngate::usage
