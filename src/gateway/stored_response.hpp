#pragma once

#include "client_bytes.hpp"
#include "response_question.hpp"
#include "rooms.hpp"
#include "session_facts.hpp"

#include "turngate/net/stop.hpp"
#include "turngate/protocol/http_answer.hpp"
#include "turngate/state/state_store.hpp"

namespace turngate::gateway {

// What the account that keeps the tenant's response says to what is asked about it, or why nobody
// says anything. The fault client_gone: nobody wants to know any more.
net::Task<core::Result<protocol::HttpAnswer>> ask_account(Rooms& rooms,
                                                          const SessionFacts& facts,
                                                          const ResponseQuestion& asks,
                                                          const state::Binding& binding,
                                                          core::ByteBudget::Share& share,
                                                          net::Stop& stop);

} // namespace turngate::gateway
