#pragma once

#include "guest.hpp"
#include "http_call.hpp"
#include "model_lists.hpp"

namespace turngate::gateway {

// A client's request for the models that its key may use (http.md section 9.4).
class ModelsCall final : public HttpCall
{
public:
    ModelsCall(Rooms& rooms, ModelLists& lists, net::Stream stream, Guest guest);

    void shut_down() override;

private:
    net::Task<> answer() override;
    net::Task<protocol::HttpAnswer> find_answer();
    void on_gone() override;
    void on_writable() override {}

    ModelLists& lists_;
    const SessionFacts facts_;
    const std::string model_; // empty: all
    net::Stop stop_;
};

} // namespace turngate::gateway
