#include "causes.hpp"

#include "turngate/net/http.hpp"

#include <ares.h>
#include <openssl/err.h>
#include <openssl/ssl.h>
#include <openssl/x509_vfy.h>

#include <cerrno>
#include <climits>
#include <string>

namespace turngate::net {
namespace {

class Words final : public boost::system::error_category
{
public:
    constexpr Words(const char* name, std::string (*say)(int)) : name_(name), say_(say) {}
    const char* name() const noexcept override { return name_; }
    std::string message(int value) const override { return say_(value); }

private:
    const char* name_;
    std::string (*say_)(int);
};

std::string say_name(int status)
{
    return ::ares_strerror(status);
}

constexpr int kVerifyResults = 1 << 12; // X509_V_ERR_… are below, OpenSSL's packed errors above

std::string say_tls(int value)
{
    if (value < kVerifyResults)
        return std::string("certificate verify failed: ") + ::X509_verify_cert_error_string(value);
    const char* reason = ::ERR_reason_error_string(static_cast<unsigned long>(value));
    return reason ? reason : "TLS protocol error";
}

std::string say_http_proxy(int status)
{
    return "the proxy answered " + std::to_string(status) + " " +
           std::string(reason_phrase(status));
}

std::string say_socks(int reply)
{
    static constexpr const char* kReplies[] = {"succeeded",
                                               "general SOCKS server failure",
                                               "connection not allowed by ruleset",
                                               "network unreachable",
                                               "host unreachable",
                                               "connection refused",
                                               "TTL expired",
                                               "command not supported",
                                               "address type not supported"};
    const bool is_known = reply >= 0 && reply < static_cast<int>(std::size(kReplies));
    return std::string("the proxy answered ") +
           (is_known ? kReplies[reply] : std::to_string(reply));
}

constexpr Words kNames("name", say_name);
constexpr Words kTls("tls", say_tls);
constexpr Words kHttpProxy("proxy", say_http_proxy);
constexpr Words kSocks("socks", say_socks);

bool is_shortage(const error_code& cause) noexcept
{
    if (cause.category() != boost::system::system_category())
        return false;
    switch (cause.value()) {
    case EMFILE:
    case ENFILE:
    case ENOBUFS:
    case ENOMEM:
    case ENOSPC: // epoll's watches
    case EADDRNOTAVAIL:
        return true;
    default:
        return false;
    }
}

} // namespace

error_code name_cause(int status) noexcept
{
    return {status, kNames};
}

error_code tls_cause(const ssl_st* tls) noexcept
{
    if (const long verified = ::SSL_get_verify_result(tls); verified != X509_V_OK)
        return {static_cast<int>(verified), kTls};
    const auto error = static_cast<int>(::ERR_peek_error() & INT_MAX);
    if (error < kVerifyResults)
        return {EPROTO, boost::system::system_category()};
    return {error, kTls};
}

error_code http_proxy_cause(int status) noexcept
{
    return {status, kHttpProxy};
}

error_code socks_cause(int reply) noexcept
{
    return {reply, kSocks};
}

core::Fault dial_fault(error_code cause, const char* where) noexcept
{
    using enum core::FaultCode;
    return {is_shortage(cause) ? out_of_resources : dial_failed, cause, where};
}

core::Fault as_dial(core::Fault fault) noexcept
{
    using enum core::FaultCode;
    if (fault.code == upstream_lost || fault.code == invalid_request)
        return dial_fault(fault.cause, fault.where);
    return fault;
}

} // namespace turngate::net
