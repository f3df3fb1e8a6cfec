// Server-sent events: however the bytes are cut, the same events come of them.
#include "turngate/protocol/sse.hpp"

#include <algorithm>
#include <cstdint>
#include <cstdlib>
#include <string>
#include <string_view>
#include <vector>

namespace {

std::vector<std::string> read(std::string_view stream, std::size_t piece)
{
    turngate::protocol::SseReader reader(1 << 20);
    std::vector<std::string> all;
    while (!stream.empty()) {
        const std::string bytes(stream.substr(0, piece));
        stream.remove_prefix(bytes.size());
        std::vector<std::string_view> events;
        if (!reader.feed(bytes, events))
            std::abort(); // no input is that large
        all.insert(all.end(), events.begin(), events.end());
        reader.forget_given();
    }
    return all;
}

} // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* bytes, std::size_t size)
{
    if (size == 0)
        return 0;
    const std::string_view stream(reinterpret_cast<const char*>(bytes) + 1, size - 1);
    if (read(stream, stream.size() + 1) != read(stream, bytes[0] % 7 + 1u))
        std::abort();
    return 0;
}
