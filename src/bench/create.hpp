#pragma once

#include <array>
#include <cstddef>
#include <string>
#include <string_view>

namespace turngate::bench {

// The response.create that all turns of a load send: built once, so that 1 MiB of input costs no
// more than its copy into the socket.
class Create
{
public:
    // Throws std::invalid_argument for a model's name that JSON would have to escape.
    Create(std::string_view model, std::size_t input_bytes);

    // The message in pieces; `parent` may be empty. They view this object and `parent`.
    std::array<std::string_view, 4> pieces(std::string_view parent) const noexcept;

private:
    std::string body_; // a whole message without parent
};

} // namespace turngate::bench
