#pragma once

#include "turngate/net/stream.hpp"

namespace turngate::net {

// What a TLS call that returned `result` has come to. Ask at once: OpenSSL's errors are the
// thread's.
IoResult from_tls(ssl_st* tls, int result);

} // namespace turngate::net
