#include "turngate/net/frame.hpp"

#include "frame_reading.hpp"

#include <gtest/gtest.h>

#include <random>

namespace turngate::net::test {
namespace {

// Makes a random conversation of one side and remembers what the other must read.
class Conversation
{
public:
    Conversation(Role sender, unsigned seed) : sender_(sender), random_(seed) {}

    void say_something()
    {
        const Opcode opcode = below(2) == 0 ? Opcode::text : Opcode::binary;
        const std::string payload = some_bytes(size());
        const bool compressed = below(4) == 0;
        const std::string body = compressed ? std::string(deflater_.deflate(payload)) : payload;
        const std::size_t fragments = below(3) == 0 ? 1 + below(4) : 1;
        const std::string sent = send(opcode, body, compressed, fragments);
        const bool is_plain = sender_ == Role::server && !compressed && fragments == 1;
        expected.push_back({opcode, payload, is_plain ? sent : ""});
    }

    std::size_t below(std::size_t n) { return random_() % n; }

    std::string bytes;
    std::vector<Message> expected;

private:
    std::string send(Opcode opcode, std::string_view body, bool compressed, std::size_t fragments)
    {
        const std::size_t begin = bytes.size();
        for (std::size_t i = 0; i < fragments; ++i) {
            const bool last = i + 1 == fragments;
            const std::size_t n = last ? body.size() : below(body.size() + 1);
            bytes += encode(sender_,
                            i == 0 ? opcode : Opcode::continuation,
                            body.substr(0, n),
                            compressed && i == 0,
                            last);
            body.remove_prefix(n);
            if (!last && below(2) == 0)
                ping();
        }
        return bytes.substr(begin);
    }

    void ping()
    {
        const std::string payload = some_bytes(below(126));
        const std::string wire = encode(sender_, Opcode::ping, payload);
        expected.push_back({Opcode::ping, payload, sender_ == Role::server ? wire : ""});
        bytes += wire;
    }

    std::size_t size()
    {
        static constexpr std::size_t kSizes[] = {1, 10, 130, 300, 5'000, 70'000, 200'000};
        return below(kSizes[below(std::size(kSizes))]);
    }

    std::string some_bytes(std::size_t n)
    {
        const unsigned spread = below(2) == 0 ? 4 : 256; // well compressed, or not at all
        std::string text(n, '\0');
        for (char& c : text)
            c = static_cast<char>(random_() % spread);
        return text;
    }

    Role sender_;
    std::mt19937 random_;
    Deflater deflater_;
};

TEST(FrameRoundTrip, AnyConversationInAnyPieces)
{
    for (unsigned seed = 0; seed < 40; ++seed) {
        const Role sender = seed % 2 == 0 ? Role::server : Role::client;
        const Role reader_role = sender == Role::server ? Role::client : Role::server;
        Conversation conversation(sender, seed);
        for (int i = 0; i < 20; ++i)
            conversation.say_something();

        Reader reader({.role = reader_role, .inflate = true});
        std::string_view rest = conversation.bytes;
        while (!rest.empty() && !reader.is_over()) {
            const std::size_t most = conversation.below(3) == 0 ? 20 : 65'536;
            const std::size_t n = std::min(rest.size(), 1 + conversation.below(most));
            reader.receive(rest.substr(0, n));
            rest.remove_prefix(n);
        }
        const Reading reading = reader.finish();
        EXPECT_EQ(reading.what, "") << "seed " << seed;
        EXPECT_EQ(reading.messages, conversation.expected) << "seed " << seed;
        EXPECT_FALSE(reading.is_partial) << "seed " << seed;
    }
}

} // namespace
} // namespace turngate::net::test
