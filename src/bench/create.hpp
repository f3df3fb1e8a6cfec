#pragma once

#include "sides.hpp"

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
    struct Form
    {
        Protocol protocol = Protocol::ws; // which of both bodies it is
        bool stored = false;
    };

    // Throws std::invalid_argument for a model's name that JSON would have to escape.
    Create(std::string_view model, std::size_t input_bytes, Form form);

    // The message in pieces; `parent` may be empty. They view this object and `parent`.
    std::array<std::string_view, 4> pieces(std::string_view parent) const noexcept;

private:
    std::string body_;     // a whole message without parent
    std::string parent_;   // its beginning up to the id of one …
    std::size_t rest_ = 0; // … and where what follows it begins
};

} // namespace turngate::bench
