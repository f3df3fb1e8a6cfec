#pragma once

#include <memory>
#include <string>

struct ssl_ctx_st;

namespace turngate::net {

// Keys and rules for TLS connections; immutable, shared by all loops.
class TlsContext
{
public:
    // For listeners. Throws std::runtime_error naming the file when it cannot be used.
    static std::shared_ptr<const TlsContext> server(const std::string& cert,
                                                    const std::string& key);

    // For dialing: the system's CAs (SSL_CERT_FILE, SSL_CERT_DIR override), verification of chain
    // and name on.
    static std::shared_ptr<const TlsContext> client();

    ssl_ctx_st* native() const noexcept { return context_.get(); }
    bool is_server() const noexcept { return is_server_; }

private:
    struct Free
    {
        void operator()(ssl_ctx_st* context) const noexcept;
    };

    TlsContext(ssl_ctx_st* context, bool is_server) : context_(context), is_server_(is_server) {}

    std::unique_ptr<ssl_ctx_st, Free> context_;
    bool is_server_;
};

} // namespace turngate::net
