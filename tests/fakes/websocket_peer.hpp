#pragma once

#include "fakes/raw_peer.hpp"

#include "turngate/net/frame.hpp"

#include <string>
#include <string_view>
#include <vector>

namespace turngate::fakes {

// The far end of a WebSocket after its handshake; keeps what it gets and answers nothing by itself.
class WebSocketPeer
{
public:
    struct Message
    {
        net::Opcode opcode;
        std::string payload;
        bool operator==(const Message&) const = default;
    };

    WebSocketPeer(RawPeer raw, net::Role role)
        : raw_(std::move(raw)), role_(role), parser_(role, {})
    {
    }

    std::string frame(net::Opcode opcode, std::string_view payload) const
    {
        const net::FrameHeader header = net::make_header(role_, opcode, payload.size());
        std::string bytes(header.view());
        bytes.resize(header.size + payload.size());
        net::copy_masked(payload, bytes.data() + header.size, header.mask, 0);
        return bytes;
    }
    void send(std::string_view text) { raw_.send(frame(net::Opcode::text, text)); }
    void send(net::Opcode opcode, std::string_view payload) { raw_.send(frame(opcode, payload)); }
    void close(std::uint16_t code, std::string_view reason = {})
    {
        send(net::Opcode::close, net::close_payload(code, reason));
    }

    // All frames so far.
    const std::vector<Message>& messages()
    {
        std::string bytes = raw_.received().substr(parsed_);
        parsed_ += bytes.size();
        std::vector<net::Frame> frames;
        if (!parser_.feed(bytes, frames))
            throw std::runtime_error("the gateway broke the WebSocket protocol");
        for (const net::Frame& frame : frames)
            messages_.push_back({frame.opcode, std::string(frame.payload)});
        return messages_;
    }
    std::vector<std::string> texts()
    {
        std::vector<std::string> texts;
        for (const Message& message : messages())
            if (message.opcode == net::Opcode::text)
                texts.push_back(message.payload);
        return texts;
    }
    // The code of the close frame that came; 0: none yet.
    std::uint16_t close_code()
    {
        for (const Message& message : messages())
            if (message.opcode == net::Opcode::close)
                return net::read_close(message.payload).value().code;
        return 0;
    }

    RawPeer& raw() noexcept { return raw_; }
    net::FrameParser& parser() noexcept { return parser_; }

private:
    RawPeer raw_;
    net::Role role_;
    net::FrameParser parser_;
    std::size_t parsed_ = 0;
    std::vector<Message> messages_;
};

} // namespace turngate::fakes
