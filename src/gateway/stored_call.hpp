#pragma once

#include "client_bytes.hpp"
#include "guest.hpp"
#include "http_call.hpp"

#include "turngate/net/stop.hpp"

#include <functional>

namespace turngate::gateway {

// A client's request about a response that no log here has (http.md section 10): whose it is, is
// known here; what it is, its account tells.
class StoredCall final : public HttpCall
{
public:
    // A response of the session is in no chain any more, on whichever loop that is.
    using Forget = std::function<void(const core::Digest& session, const std::string& id)>;

    StoredCall(
        Rooms& rooms, ClientBytes& client_bytes, Forget forget, net::Stream stream, Guest guest);

    void shut_down() override;

private:
    net::Task<> answer() override;
    net::Task<core::Result<protocol::HttpAnswer>> find_answer();
    net::Task<core::Result<protocol::HttpAnswer>> remove(const state::Binding& binding);
    void on_gone() override;
    void on_writable() override {}

    const Forget forget_;
    const SessionFacts facts_;
    const ResponseQuestion asks_;
    core::ByteBudget::Share share_; // of what its account tells
    net::Stop stop_;
};

} // namespace turngate::gateway
