// A chunked body, and what comes behind it: however the bytes are cut, the same body comes of them,
// and the same next request.
#include "request_reading.hpp"

#include <cstdint>

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* bytes, std::size_t size)
{
    using namespace turngate::fuzz;
    if (size < 2)
        return 0;
    std::string sent =
        "POST /v1/responses HTTP/1.1\r\nhost: a\r\ntransfer-encoding: chunked\r\n\r\n";
    const std::size_t head = sent.size();
    sent.append(reinterpret_cast<const char*>(bytes) + 2, size - 2);
    const Read whole = read(sent, sent.size(), 1);
    require_same(whole, read(sent, head + bytes[0], bytes[1] % 61 + 1u));
    require(whole.body <= size); // no more comes than was sent
    for (const std::string& request : whole.requests)
        require(request.size() <= sent.size() + 100);
    return 0;
}
