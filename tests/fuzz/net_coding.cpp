// Content codings: any bytes under any coding end with a verdict, never with more than the bound,
// and do not depend on how they are cut.
#include "turngate/net/content_coding.hpp"

#include <algorithm>
#include <cstdint>
#include <cstdlib>
#include <iterator>
#include <string>
#include <string_view>

using turngate::net::ContentDecoder;

namespace {

constexpr std::uint64_t kMost = 1 << 20;

void require(bool holds)
{
    if (!holds)
        std::abort();
}

struct Decoded
{
    ContentDecoder::Verdict verdict = ContentDecoder::Verdict::fine;
    std::string body{};
};

Decoded decode(std::string_view coding, std::string_view bytes, std::size_t piece)
{
    auto decoder = ContentDecoder::make(coding, kMost);
    require(decoder.has_value());
    Decoded decoded;
    while (!bytes.empty() && decoded.verdict == ContentDecoder::Verdict::fine) {
        decoded.verdict = decoder->feed(bytes.substr(0, piece), decoded.body);
        bytes.remove_prefix(std::min(piece, bytes.size()));
    }
    require(decoded.body.size() <= kMost);
    if (decoded.verdict == ContentDecoder::Verdict::fine)
        decoded.verdict = decoder->finish();
    return decoded;
}

} // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* bytes, std::size_t size)
{
    if (size < 2)
        return 0;
    static constexpr std::string_view kCodings[] = {
        "zstd", "gzip", "deflate", "identity", "gzip, zstd", "zstd, deflate"};
    const std::string_view coding = kCodings[bytes[0] % std::size(kCodings)];
    const std::string_view body(reinterpret_cast<const char*>(bytes) + 2, size - 2);
    const Decoded whole = decode(coding, body, body.size() + 1);
    const Decoded cut = decode(coding, body, bytes[1] % 7 + 1u);
    // Of a broken frame that it has as a whole zstd sees more than of one that comes in pieces.
    const bool is_zstd = coding.find("zstd") != coding.npos;
    require(is_zstd || whole.verdict == cut.verdict);
    using enum ContentDecoder::Verdict;
    if (whole.verdict == fine && cut.verdict == fine)
        require(whole.body == cut.body);
    return 0;
}
