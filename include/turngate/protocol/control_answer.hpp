#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

namespace turngate::protocol {

enum class ControlKind : std::uint8_t { steer, interrupt, inject };

// Which control event an upstream event is the answer to, by its `type` and, of a steer, by whether
// it was accepted before. Nothing: none. An error event may be a refusal, which it does not say.
std::optional<ControlKind> control_answer(std::string_view frame) noexcept;

// What the gateway answers to control events itself, when there is no upstream to ask or it knows
// no such event. All are of the lane stream_id; empty: the default lane.

// A steer that failed before it was accepted gives its input back (protocol.md section 6, rule 5).
// code: response_not_found, invalid_input, steering_not_supported, response_already_completed,
// response_not_active, … input_raw: the `input` as the client sent it, valid JSON.
std::string steer_failed_event(std::string_view code,
                               std::string_view message,
                               std::string_view input_raw,
                               std::string_view previous_response_id,
                               std::string_view stream_id);

// The same for an inject. code: response_already_completed or response_not_found.
std::string inject_failed_event(std::string_view code,
                                std::string_view message,
                                std::string_view input_raw,
                                std::string_view response_id,
                                std::string_view stream_id);

// The first answer to a response.interrupt (protocol.md section 10.5); incomplete_event ends it.
std::string interrupt_accepted_event(std::string_view response_id, std::string_view stream_id);

} // namespace turngate::protocol
