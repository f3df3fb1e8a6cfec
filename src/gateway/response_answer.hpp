#pragma once

#include "turngate/protocol/http_answer.hpp"

#include <string_view>

namespace turngate::gateway {

// What is answered about responses by their ids (http.md sections 1 and 10).

// Another tenant's response is as unknown as one that never was: the same words.
protocol::HttpAnswer response_not_found(std::string_view id);

// Nobody runs it in the background.
protocol::HttpAnswer cannot_cancel();

// So many events there are not, or they were too many to be kept.
protocol::HttpAnswer cannot_stream();

protocol::HttpAnswer odd_parameter(std::string_view name);

protocol::HttpAnswer response_removed(std::string_view id);

} // namespace turngate::gateway
