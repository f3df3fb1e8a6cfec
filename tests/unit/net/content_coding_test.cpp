#include "turngate/net/content_coding.hpp"

#include <gtest/gtest.h>
#include <zlib.h>
#include <zstd.h>

#include <algorithm>
#include <cstdint>

#include <string>
#include <string_view>

namespace turngate::net::test {
namespace {

using Verdict = ContentDecoder::Verdict;

constexpr int kGzip = MAX_WBITS + 16;
constexpr int kRaw = -MAX_WBITS;

std::string deflated(std::string_view text, int window = MAX_WBITS)
{
    z_stream state{};
    ::deflateInit2(&state, 6, Z_DEFLATED, window, 8, Z_DEFAULT_STRATEGY);
    std::string coded(::deflateBound(&state, text.size()) + 32, '\0');
    state.next_in = reinterpret_cast<Bytef*>(const_cast<char*>(text.data()));
    state.avail_in = static_cast<uInt>(text.size());
    state.next_out = reinterpret_cast<Bytef*>(coded.data());
    state.avail_out = static_cast<uInt>(coded.size());
    ::deflate(&state, Z_FINISH);
    coded.resize(state.total_out);
    ::deflateEnd(&state);
    return coded;
}

std::string zstd(std::string_view text)
{
    std::string coded(::ZSTD_compressBound(text.size()), '\0');
    coded.resize(::ZSTD_compress(coded.data(), coded.size(), text.data(), text.size(), 3));
    return coded;
}

struct Decoded
{
    Verdict verdict;
    std::string text{};
};

Decoded decode(std::string_view coding,
               std::string_view bytes,
               std::size_t piece = 1 << 20,
               std::uint64_t most = 16 << 20)
{
    auto decoder = *ContentDecoder::make(coding, most);
    Decoded decoded{Verdict::fine};
    while (!bytes.empty() && decoded.verdict == Verdict::fine) {
        decoded.verdict = decoder.feed(bytes.substr(0, piece), decoded.text);
        bytes.remove_prefix(std::min(piece, bytes.size()));
    }
    if (decoded.verdict == Verdict::fine)
        decoded.verdict = decoder.finish();
    return decoded;
}

std::string long_text()
{
    std::string text;
    for (int i = 0; i < 50'000; ++i)
        text += "line " + std::to_string(i * 7919) + "\n";
    return text;
}

TEST(ContentCoding, IsTakenOffWhereverItIsCut)
{
    const std::string text = long_text();
    const struct
    {
        std::string_view coding;
        std::string bytes;
    } rows[] = {
        {"", text},
        {"identity", text},
        {"zstd", zstd(text)},
        {"ZSTD", zstd(text)},
        {"gzip", deflated(text, kGzip)},
        {"x-gzip", deflated(text, kGzip)},
        {"deflate", deflated(text)},
        {"deflate", deflated(text, kRaw)},
        {"gzip , zstd", zstd(deflated(text, kGzip))},
        {"identity, gzip", deflated(text, kGzip)},
    };
    for (const auto& [coding, bytes] : rows)
        for (const std::size_t piece : {1ul, 7ul, 4096ul, 1ul << 22}) {
            const Decoded decoded = decode(coding, bytes, piece);
            EXPECT_EQ(decoded.verdict, Verdict::fine) << coding << " by " << piece;
            EXPECT_TRUE(decoded.text == text) << coding << " by " << piece;
        }
}

TEST(ContentCoding, MayHaveSeveralMembers)
{
    EXPECT_EQ(decode("gzip", deflated("one ", kGzip) + deflated("two", kGzip)).text, "one two");
    EXPECT_EQ(decode("zstd", zstd("one ") + zstd("two")).text, "one two");
}

TEST(ContentCoding, ThatIsNotKnownIsRefused)
{
    for (const std::string_view coding : {"br", "gzip, br", "zstd, zstd, zstd", "gzip;q=1"})
        EXPECT_FALSE(ContentDecoder::make(coding, 1)) << coding;
}

TEST(ContentCoding, ThatIsBrokenOrHasNoEndIsCorrupt)
{
    const std::string text = long_text();
    const struct
    {
        std::string_view coding;
        std::string bytes;
    } rows[] = {{"zstd", zstd(text)}, {"gzip", deflated(text, kGzip)}, {"deflate", deflated(text)}};
    for (const auto& [coding, bytes] : rows) {
        EXPECT_EQ(decode(coding, bytes.substr(0, bytes.size() - 5)).verdict, Verdict::corrupt);
        EXPECT_EQ(decode(coding, "not this at all").verdict, Verdict::corrupt);
        EXPECT_EQ(decode(coding, "").verdict, Verdict::corrupt);
    }
    EXPECT_EQ(decode("deflate", deflated(text) + "x").verdict, Verdict::corrupt);
}

TEST(ContentCoding, NeverBringsMoreThanItsBound)
{
    const std::string zeros(8 << 20, '\0');
    const struct
    {
        std::string_view coding;
        std::string bytes;
    } rows[] = {{"identity", zeros},
                {"zstd", zstd(zeros)},
                {"gzip", deflated(zeros, kGzip)},
                {"zstd, gzip", deflated(zstd(zeros), kGzip)},
                {"gzip, zstd", zstd(deflated(zeros, kGzip))}};
    for (const auto& [coding, bytes] : rows) {
        const Decoded decoded = decode(coding, bytes, 1 << 20, 1 << 20);
        EXPECT_EQ(decoded.verdict, Verdict::too_large) << coding;
        EXPECT_LE(decoded.text.size(), 1u << 20) << coding;
    }
}

} // namespace
} // namespace turngate::net::test
