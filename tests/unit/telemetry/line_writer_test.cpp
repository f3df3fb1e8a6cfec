#include "line_writer.hpp"

#include <fcntl.h>
#include <gtest/gtest.h>
#include <unistd.h>

#include <csignal>

namespace turngate::telemetry {
namespace {

using namespace std::chrono;

// What nobody reads until it is asked for.
class Pipe
{
public:
    Pipe()
    {
        ::signal(SIGPIPE, SIG_IGN); // as the programs do
        EXPECT_EQ(::pipe2(ends_, O_CLOEXEC), 0);
    }
    ~Pipe()
    {
        close_reader();
        ::close(ends_[1]);
    }

    int writer() const { return ends_[1]; }
    void close_reader() { ::close(std::exchange(ends_[0], -1)); }

    // Of empty lines; what comes now has to wait.
    void fill() const
    {
        ::fcntl(writer(), F_SETFL, O_NONBLOCK);
        while (::write(writer(), "\n", 1) == 1) {
        }
        ::fcntl(writer(), F_SETFL, 0);
    }

    std::string read_line()
    {
        std::string line;
        for (char c = 0; ::read(ends_[0], &c, 1) == 1 && c != '\n';)
            line.push_back(c);
        return line;
    }

private:
    int ends_[2]{};
};

std::string told(std::uint64_t dropped)
{
    return "dropped " + std::to_string(dropped);
}

core::Deadline in(milliseconds time)
{
    return core::Clock::now() + time;
}

const std::string kBig(1000, 'x');
constexpr std::size_t kMost = 16 * 1024;

TEST(LineWriter, WritesLinesInTheirOrder)
{
    Pipe pipe;
    LineWriter writer(pipe.writer(), kMost, told);
    writer.put("one");
    writer.put("");
    writer.put("three");
    EXPECT_TRUE(writer.flush(in(seconds(10))));
    EXPECT_EQ(pipe.read_line(), "one");
    EXPECT_EQ(pipe.read_line(), "");
    EXPECT_EQ(pipe.read_line(), "three");
    EXPECT_EQ(writer.dropped(), 0u);
}

TEST(LineWriter, DropsWhatNobodyReadsAndSaysSoAtItsPlace)
{
    Pipe pipe;
    pipe.fill();
    LineWriter writer(pipe.writer(), kMost, told);
    constexpr std::size_t kPut = 400;
    for (std::size_t i = 0; i < kPut; ++i)
        writer.put(std::to_string(i) + kBig);
    EXPECT_FALSE(writer.flush(in(milliseconds(50))));
    const std::uint64_t dropped = writer.dropped();
    EXPECT_GT(dropped, 100u);

    std::uint64_t gaps = 0;
    for (std::size_t next = 0; next < kPut;) { // none twice, none out of order, none missing
        const std::string line = pipe.read_line();
        if (line.empty())
            continue;
        const bool is_gap = line.starts_with("dropped ");
        const std::size_t missing = is_gap ? std::stoull(line.substr(8)) : 0;
        if (!is_gap)
            EXPECT_EQ(line, std::to_string(next) + kBig);
        gaps += missing;
        next += is_gap ? missing : 1;
    }
    EXPECT_EQ(gaps, dropped);
    writer.put("after it");
    EXPECT_EQ(pipe.read_line(), "after it");
    EXPECT_EQ(writer.dropped(), dropped);
}

TEST(LineWriter, DropsALineLargerThanAllItsRoom)
{
    Pipe pipe;
    LineWriter writer(pipe.writer(), kMost, told);
    writer.put(std::string(kMost, 'x'));
    EXPECT_EQ(pipe.read_line(), "dropped 1");
    writer.put("small");
    EXPECT_EQ(pipe.read_line(), "small");
}

TEST(LineWriter, WaitsForRoomInADescriptorThatDoesNotBlock)
{
    Pipe pipe;
    ::fcntl(pipe.writer(), F_SETFL, O_NONBLOCK); // two hundred lines are more than it holds
    LineWriter writer(pipe.writer(), 1024 * 1024, told);
    for (int i = 0; i < 200; ++i)
        writer.put(std::to_string(i) + kBig);
    for (int i = 0; i < 200; ++i)
        EXPECT_EQ(pipe.read_line(), std::to_string(i) + kBig);
    EXPECT_EQ(writer.dropped(), 0u);
}

TEST(LineWriter, CountsWhatCannotBeWritten)
{
    Pipe pipe;
    pipe.close_reader();
    LineWriter writer(pipe.writer(), kMost, told);
    writer.put("one");
    EXPECT_TRUE(writer.flush(in(seconds(10)))) << "there is nothing to wait for";
    writer.put("two");
    EXPECT_TRUE(writer.flush(in(seconds(10))));
    EXPECT_EQ(writer.dropped(), 2u);
}

TEST(LineWriter, EndsWithALineThatIsStillToBeWritten)
{
    Pipe pipe;
    {
        LineWriter writer(pipe.writer(), kMost, told);
        writer.put("last");
    }
    EXPECT_EQ(pipe.read_line(), "last");
}

} // namespace
} // namespace turngate::telemetry
