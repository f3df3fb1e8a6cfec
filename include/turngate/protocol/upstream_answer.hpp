#pragma once

#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace turngate::protocol {

// What an account answers over HTTP, as the events that a WebSocket would have brought (http.md
// section 4).

// A refusal: an error event with that status, the body's `error` if it has one, and these headers.
// 413 is told as 400, which no client repeats.
std::string refusal_event(int status,
                          const std::vector<std::pair<std::string, std::string>>& headers,
                          std::string_view body);

// A whole response, though a stream was asked for: created, its items one by one, its end. Empty:
// it is no JSON object.
std::vector<std::string> events_of_response(std::string_view response);

// response.metadata with the sticky token of a user turn.
std::string turn_state_event(std::string_view token);

} // namespace turngate::protocol
