#pragma once

#include "response_question.hpp"

#include "turngate/core/fault.hpp"
#include "turngate/net/http.hpp"
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

protocol::HttpAnswer model_not_found(std::string_view model);

// The account could not be asked, or has not answered.
protocol::HttpAnswer cannot_ask(const core::Fault& fault);

// What the account of the response has answered; what it says of its key, its limits and its path
// is not for clients.
protocol::HttpAnswer answer_of_account(const ResponseQuestion& asks, net::HttpResponse told);

} // namespace turngate::gateway
