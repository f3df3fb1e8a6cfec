#pragma once

#include "turngate/core/fault.hpp"

#include <boost/system/error_code.hpp>

struct ssl_st;

namespace turngate::net {

using boost::system::error_code;

// Causes with words of their own: what `message()` says is what an operator reads in the log.

// Of c-ares (ARES_…): "Domain name not found".
error_code name_cause(int status) noexcept;

// Of the TLS call that has just failed in this thread: "certificate verify failed: self-signed
// certificate".
error_code tls_cause(const ssl_st* tls) noexcept;

// Of a proxy that refused: "the proxy answered 407 Proxy Authentication Required", and what RFC
// 1928 calls the reply of a SOCKS proxy.
error_code http_proxy_cause(int status) noexcept;
error_code socks_cause(int reply) noexcept;

// A step of a dial failed: dial_failed, or out_of_resources where this machine lacks descriptors,
// ports or memory.
core::Fault dial_fault(error_code cause, const char* where) noexcept;

// A dial's view of a stream's fault. A connection lost before it was one, and an answer that is no
// HTTP, are failed dials and never the client's fault; a stop or deadline stays what it is.
core::Fault as_dial(core::Fault fault) noexcept;

} // namespace turngate::net
