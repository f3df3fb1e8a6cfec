#pragma once

#include "turngate/accounts/said.hpp"

namespace turngate::accounts {

// The words of a refusal, wherever they stood.
struct Words
{
    bool is_dial = false;
    bool is_answer = false; // to a create, over HTTP
    bool is_json = true;
    int status = 0; // 0: none given
    std::string_view code = {};
    std::string_view type = {};
    std::string_view message = {};
    std::string_view param = {};
};

// From protocol.md sections 3.2 and 10.4 and http.md section 1. The code is believed before the
// type, the type before the status; messages, which vendors reword, only where none of them tells.
UpstreamWord read_word(const Words& words) noexcept;

} // namespace turngate::accounts
