#include "turngate/net/tls.hpp"

#include <openssl/err.h>
#include <openssl/ssl.h>

#include <stdexcept>

namespace turngate::net {
namespace {

[[noreturn]] void fail(const std::string& what)
{
    char reason[256] = "unknown reason";
    if (const auto error = ::ERR_get_error(); error != 0)
        ::ERR_error_string_n(error, reason, sizeof reason);
    throw std::runtime_error("TLS: " + what + ": " + reason);
}

SSL_CTX* make(const SSL_METHOD* method)
{
    SSL_CTX* context = ::SSL_CTX_new(method);
    if (!context)
        fail("no context");
    ::SSL_CTX_set_min_proto_version(context, TLS1_2_VERSION);
    // Idle connections give their record buffers back; a write may go on from another address.
    ::SSL_CTX_set_mode(context,
                       SSL_MODE_RELEASE_BUFFERS | SSL_MODE_ENABLE_PARTIAL_WRITE |
                           SSL_MODE_ACCEPT_MOVING_WRITE_BUFFER);
    return context;
}

} // namespace

void TlsContext::Free::operator()(ssl_ctx_st* context) const noexcept
{
    ::SSL_CTX_free(context);
}

std::shared_ptr<const TlsContext> TlsContext::server(const std::string& cert,
                                                     const std::string& key)
{
    const std::shared_ptr<const TlsContext> tls(new TlsContext(make(::TLS_server_method()), true));
    if (::SSL_CTX_use_certificate_chain_file(tls->native(), cert.c_str()) != 1)
        fail(cert);
    if (::SSL_CTX_use_PrivateKey_file(tls->native(), key.c_str(), SSL_FILETYPE_PEM) != 1)
        fail(key);
    if (::SSL_CTX_check_private_key(tls->native()) != 1)
        fail(key + " does not belong to " + cert);
    return tls;
}

std::shared_ptr<const TlsContext> TlsContext::client()
{
    const std::shared_ptr<const TlsContext> tls(new TlsContext(make(::TLS_client_method()), false));
    if (::SSL_CTX_set_default_verify_paths(tls->native()) != 1)
        fail("the system's certificates");
    ::SSL_CTX_set_verify(tls->native(), SSL_VERIFY_PEER, nullptr);
    return tls;
}

} // namespace turngate::net
