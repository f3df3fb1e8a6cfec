#include "websocket_under_test.hpp"

#include <gtest/gtest.h>

namespace turngate::net::test {
namespace {

using namespace std::chrono_literals;

using By = Closing::By;
using Texts = std::vector<std::string>;

constexpr std::size_t kMiB = 1 << 20;

std::string bytes_of(Opcode opcode, std::string_view payload, bool fin = true)
{
    const FrameHeader header = make_header(Role::client, opcode, payload.size(), false, fin);
    std::string bytes(header.view());
    bytes += payload;
    apply_mask(std::span(bytes).subspan(header.size), header.mask);
    return bytes;
}

// As the kernel takes it, or the connection ends.
void send_all(UnderTest& test, std::string_view bytes)
{
    test.until([&] {
        bytes.remove_prefix(test.peer.raw().send(bytes));
        return bytes.empty() || test.has_ended();
    });
}

WebSocketOptions timed(std::chrono::milliseconds timeout)
{
    WebSocketOptions options = quiet();
    options.message_timeout = timeout;
    return options;
}

WebSocketOptions bound_by(core::ByteBudget& budget)
{
    WebSocketOptions options = quiet();
    options.unfinished = &budget;
    return options;
}

void expect_told_in_time(UnderTest& test)
{
    const auto begin = core::Clock::now();
    test.until([&] { return !test.sink.violations.empty(); });
    EXPECT_LT(core::Clock::now() - begin, 5s);
    EXPECT_EQ(test.sink.violations, std::vector<std::uint16_t>{1008});
    EXPECT_EQ(test.until_closed().code, 1008);
    EXPECT_EQ(test.closing->by, By::violation);
}

TEST(MessageTimeout, EndsAFrameThatIsNeverWhole)
{
    UnderTest test(timed(300ms));
    test.peer.raw().send(bytes_of(Opcode::text, std::string(1'000, 'x')).substr(0, 500));
    expect_told_in_time(test);
}

TEST(MessageTimeout, EndsAHeadThatIsNeverWhole)
{
    UnderTest test(timed(300ms));
    test.peer.raw().send(bytes_of(Opcode::text, std::string(1'000, 'x')).substr(0, 3));
    expect_told_in_time(test);
}

TEST(MessageTimeout, EndsFragmentsWithoutAnEnd)
{
    UnderTest test(timed(300ms));
    test.peer.raw().send(bytes_of(Opcode::text, "begun", false));
    expect_told_in_time(test);
}

TEST(MessageTimeout, IsNotPutOffByWhatTricklesIn)
{
    UnderTest test(timed(400ms));
    test.peer.raw().send(bytes_of(Opcode::text, "begun", false));
    const auto begin = core::Clock::now();
    test.until([&] {
        if (test.socket.is_open()) {
            test.peer.raw().send(bytes_of(Opcode::continuation, "x", false));
            test.peer.raw().send(bytes_of(Opcode::ping, "alive"));
        }
        test.peer.raw().received();
        return test.has_ended();
    });
    EXPECT_LT(core::Clock::now() - begin, 5s);
    EXPECT_EQ(test.closing->code, 1008);
}

TEST(MessageTimeout, LeavesThoseAloneWhoSayNothingOrGoOn)
{
    UnderTest test(timed(300ms));
    const std::string frame = bytes_of(Opcode::text, "hello");
    std::size_t sent = 0;
    test.peer.raw().send(frame.substr(0, 4));
    const auto begin = core::Clock::now();
    // At every moment something is unfinished, but each message in its time.
    test.until([&] {
        if (core::Clock::now() - begin > std::chrono::milliseconds(50) * (sent + 1)) {
            ++sent;
            test.peer.raw().send(frame.substr(4) + frame.substr(0, 4));
        }
        return test.has_ended() || core::Clock::now() - begin > 1s;
    });
    ASSERT_FALSE(test.has_ended());
    test.until([&] { return test.sink.texts.size() == sent; });
    test.peer.raw().send(frame.substr(4));
    const auto silent = core::Clock::now();
    test.until([&] { return test.has_ended() || core::Clock::now() - silent > 600ms; });
    EXPECT_FALSE(test.has_ended());
    EXPECT_EQ(test.sink.texts.size(), sent + 1);
}

TEST(UnfinishedMessages, AreHeldOfTheBudgetUntilTheyAreWhole)
{
    core::ByteBudget budget(8 * kMiB);
    UnderTest test(bound_by(budget));
    const std::string text(2 * kMiB, 'x');
    const std::string frame = bytes_of(Opcode::text, text);
    send_all(test, frame.substr(0, kMiB));
    test.until([&] { return budget.held() >= kMiB - 64 * 1024; });
    send_all(test, frame.substr(kMiB));
    std::uint64_t held_at_delivery = 1;
    test.sink.then = [&](std::span<const Frame>) { held_at_delivery = budget.held(); };
    test.until([&] { return test.sink.texts == Texts{text}; });
    EXPECT_EQ(held_at_delivery, 0u);
    EXPECT_EQ(budget.held(), 0u);
}

TEST(UnfinishedMessages, BeyondTheBudgetEndTheConnectionThatWantsMore)
{
    for (const bool is_fragmented : {false, true}) {
        core::ByteBudget budget(6 * kMiB);
        UnderTest first(bound_by(budget));
        UnderTest second(bound_by(budget));
        const std::string text(5 * kMiB, 'x');
        const std::string whole = bytes_of(Opcode::text, text);
        const std::string half = is_fragmented
                                     ? bytes_of(Opcode::text, std::string(4 * kMiB, 'y'), false)
                                     : whole.substr(0, 4 * kMiB);
        send_all(first, half);
        first.until([&] { return budget.held() >= 4 * kMiB; });
        send_all(second, half);
        second.until([&] { return second.has_ended(); });
        EXPECT_EQ(second.sink.violations, std::vector<std::uint16_t>{1013});
        EXPECT_EQ(second.closing->code, 1013);
        EXPECT_TRUE(first.socket.is_open());
        if (!is_fragmented) {
            send_all(first, whole.substr(4 * kMiB));
            first.until([&] { return first.sink.texts == Texts{text}; });
            EXPECT_EQ(budget.held(), 0u); // the one that was refused holds nothing
        }
    }
}

TEST(UnfinishedMessages, OfLittleSizeAreFineWhoeverFillsTheBudget)
{
    core::ByteBudget budget(kMiB);
    core::ByteBudget::Share others(budget);
    ASSERT_TRUE(others.resize(kMiB));
    UnderTest test(bound_by(budget));
    const std::string frame = bytes_of(Opcode::text, std::string(10'000, 'x'));
    send_all(test, frame.substr(0, 100));
    test.settle();
    send_all(test, frame.substr(100));
    test.until([&] { return test.sink.texts.size() == 1; });
    EXPECT_TRUE(test.socket.is_open());
}

TEST(UnfinishedMessages, GiveTheirMemoryBackWhenTheConnectionEnds)
{
    core::ByteBudget budget(8 * kMiB);
    {
        UnderTest test(bound_by(budget));
        send_all(test, bytes_of(Opcode::text, std::string(2 * kMiB, 'x'), false));
        test.until([&] { return budget.held() >= 2 * kMiB; });
    }
    EXPECT_EQ(budget.held(), 0u);
}

} // namespace
} // namespace turngate::net::test
