// Requests over HTTP, one after the other: however the bytes are cut, the same requests come of
// them.
#include "request_reading.hpp"

#include <cstdint>

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* bytes, std::size_t size)
{
    using namespace turngate::fuzz;
    if (size < 2)
        return 0;
    const std::string_view sent(reinterpret_cast<const char*>(bytes) + 2, size - 2);
    require_same(read(sent, sent.size(), 1), read(sent, bytes[0], bytes[1] % 61 + 1u));
    return 0;
}
