#pragma once

#include <cstdint>
#include <memory>
#include <span>
#include <string_view>

namespace turngate::protocol {

// Cuts a frame into JSON tokens in one vectorised pass, simdjson's first stage. It vouches for
// UTF-8, closed strings and no raw control characters within them; the Cursor vouches for the rest.
// simdjson's on-demand front end is not asked, since it passes over values nobody reads without
// checking them: `{"a":"b":1}` is fine to it.
class Tokenizer
{
public:
    Tokenizer();
    ~Tokenizer();

    // Where each token starts, and the frame's size as the last entry. Empty: no JSON. Valid until
    // the next call.
    std::span<const std::uint32_t> cut(std::string_view frame);

    // Gives back what a big frame needed, so that one of 16 MiB does not cost 80 MiB for ever.
    void shrink();

private:
    struct Stage;
    std::unique_ptr<Stage> stage_;
};

} // namespace turngate::protocol
