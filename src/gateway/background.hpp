#pragma once

#include "guest.hpp"

#include <memory>

namespace turngate::gateway {

class EventLog;

// An ordinary turn with nobody attached (http.md section 10): it runs to its end, for
// `http.background_timeout` at most, and tells it to the log. On the loop of its session.
void run_in_background(Rooms& rooms,
                       std::shared_ptr<EventLog> log,
                       SessionFacts facts,
                       Request request);

} // namespace turngate::gateway
