#include "causes.hpp"
#include "tls_result.hpp"
#include "watchdog.hpp"

#include <boost/asio/error.hpp>
#include <boost/asio/ip/address.hpp>
#include <openssl/err.h>
#include <openssl/ssl.h>
#include <openssl/x509v3.h>

#include <cerrno>

namespace turngate::net {

IoResult from_tls(ssl_st* tls, int result)
{
    const int saved_errno = errno;
    switch (::SSL_get_error(tls, result)) {
    case SSL_ERROR_WANT_READ:
        return {IoState::wants_read};
    case SSL_ERROR_WANT_WRITE:
        return {IoState::wants_write};
    case SSL_ERROR_ZERO_RETURN:
        return {IoState::failed, 0, asio::error::eof};
    case SSL_ERROR_SYSCALL:
        if (saved_errno != 0)
            return {IoState::failed, 0, error_code(saved_errno, boost::system::system_category())};
        return {IoState::failed, 0, asio::error::eof};
    default:
        return {IoState::failed, 0, tls_cause(tls)};
    }
}

void Stream::FreeTls::operator()(ssl_st* tls) const noexcept
{
    ::SSL_free(tls);
}

Task<core::Result<>> Stream::start_tls(const TlsContext& context,
                                       const std::string& server_name,
                                       core::Deadline deadline,
                                       Stop* stop)
{
    tls_.reset(::SSL_new(context.native()));
    if (!tls_ || ::SSL_set_fd(tls_.get(), socket_.native_handle()) != 1)
        co_return core::Fault{core::FaultCode::internal_error, {}, "tls"};
    if (context.is_server()) {
        ::SSL_set_accept_state(tls_.get());
    } else {
        ::SSL_set_connect_state(tls_.get());
        error_code no_address;
        asio::ip::make_address(server_name, no_address);
        if (no_address) {
            ::SSL_set_tlsext_host_name(tls_.get(), server_name.c_str());
            ::SSL_set1_host(tls_.get(), server_name.c_str());
        } else {
            ::X509_VERIFY_PARAM_set1_ip_asc(::SSL_get0_param(tls_.get()), server_name.c_str());
        }
    }

    const Watchdog watchdog(*this, deadline, stop);
    for (;;) {
        ::ERR_clear_error();
        errno = 0;
        const int result = ::SSL_do_handshake(tls_.get());
        if (result == 1)
            co_return core::Result<>();
        const IoResult tried = from_tls(tls_.get(), result);
        if (tried.state == IoState::failed || watchdog.is_stopped())
            co_return watchdog.fault(tried.error, "tls handshake");
        const error_code error =
            co_await wait(tried.state == IoState::wants_read ? Ready::read : Ready::write);
        if (error)
            co_return watchdog.fault(error, "tls handshake");
    }
}

} // namespace turngate::net
