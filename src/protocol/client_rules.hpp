#pragma once

#include "client_fields.hpp"

namespace turngate::protocol {

// What a single frame can tell without knowing its session: types of fields, lane name, what each
// event needs (behaviour.md section 2).
boost::system::result<ClientEvent, Rejection> judge(ClientFields fields);

} // namespace turngate::protocol
