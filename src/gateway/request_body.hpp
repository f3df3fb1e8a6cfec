#pragma once

#include "door.hpp"

#include "turngate/core/byte_budget.hpp"

#include <string>
#include <variant>

namespace turngate::gateway {

// The body of a request whose head was let in, decoded (http.md section 5): `most` bytes at most,
// held within `share`. Who waits for a 100 gets it. A refusal ends the connection: the rest of the
// body is not read.
net::Task<std::variant<std::string, Refusal>> read_body(net::Stream& stream,
                                                        net::RequestReader& reader,
                                                        const net::HttpRequest& head,
                                                        std::uint64_t most,
                                                        core::ByteBudget::Share& share);

} // namespace turngate::gateway
