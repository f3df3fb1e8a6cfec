#pragma once

#include <cstdint>

namespace turngate::protocol {

// RFC 6455 section 7.4 and the registry; what each means to clients is behaviour.md section 8.
enum CloseCode : std::uint16_t {
    normal = 1000,
    going_away = 1001,
    protocol_error = 1002,
    unsupported_data = 1003,
    no_status = 1005,
    abnormal = 1006,
    invalid_payload = 1007,
    policy_violation = 1008,
    message_too_big = 1009,
    internal_error = 1011,
    service_restart = 1012,
    try_again_later = 1013,
};

} // namespace turngate::protocol
