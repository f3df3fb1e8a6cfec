#pragma once

#include "score.hpp"

#include <chrono>
#include <cstdint>
#include <string>
#include <vector>

namespace turngate::sim {

enum class Dialect : std::uint8_t {
    openai,
    xai, // no lanes; all responses of a connection have one id; errors have no type
};

struct Options
{
    std::string listen = "127.0.0.1:0";
    std::string script_file;
    std::string transcript_file;
    std::string key; // the only one that is accepted; empty: any
    std::string tls_cert;
    std::string tls_key;
    Pacing pacing;
    bool lanes = true;
    Dialect dialect = Dialect::openai;
    bool stores = true;              // false: keeps no response
    bool websocket = true;           // false: an upgrade is 404
    bool ids_required = false;       // assistant messages in the input need id and status
    std::vector<std::string> models; // that exist; none: any
    std::string seal; // who seals reasoning; what others sealed is refused. Empty: nobody looks
    std::uint64_t seed = 1;
    std::chrono::milliseconds wall{3'600'000}; // how long a WebSocket may last
    std::chrono::milliseconds idle{75'000};    // and HTTP without a request
};

} // namespace turngate::sim
