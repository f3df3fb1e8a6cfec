#pragma once

#include "turngate/net/loop.hpp"

#include <boost/asio/ip/udp.hpp>

#include <array>
#include <chrono>
#include <functional>
#include <list>
#include <optional>
#include <string>
#include <vector>

namespace turngate::net::test {

// A name server on a free UDP port of the loop: answers each question with what `story` says, or
// never.
class NameServer
{
public:
    enum class Code : std::uint8_t { ok = 0, broken = 2, no_such_name = 3 };

    struct Reply
    {
        std::vector<std::string> addresses{}; // none: the name has none of this family
        std::uint32_t ttl = 60;
        Code code = Code::ok;
        std::chrono::milliseconds after{};
    };
    using Story = std::function<std::optional<Reply>(const std::string& name, bool is_v6)>;

    NameServer(Loop& loop, Story story)
        : socket_(loop.context(), {asio::ip::address_v4::loopback(), 0}), story_(std::move(story))
    {
        receive();
    }

    std::string address() const
    {
        return "127.0.0.1:" + std::to_string(socket_.local_endpoint().port());
    }

    std::vector<std::string> asked; // "name A", "name AAAA"

private:
    using Socket = asio::basic_datagram_socket<asio::ip::udp, Executor>;

    void receive()
    {
        socket_.async_receive_from(
            asio::buffer(bytes_), from_, [this](boost::system::error_code error, std::size_t size) {
                if (error)
                    return;
                answer({bytes_.data(), size});
                receive();
            });
    }

    void answer(std::string question)
    {
        std::string name;
        std::size_t at = 12;
        while (const auto length = static_cast<unsigned char>(question.at(at))) {
            name += (name.empty() ? "" : ".") + question.substr(at + 1, length);
            at += length + 1u;
        }
        const bool is_v6 = question.at(at + 2) == 28;
        question.resize(at + 5);
        asked.push_back(name + (is_v6 ? " AAAA" : " A"));
        const auto reply = story_(name, is_v6);
        if (!reply)
            return;
        std::string bytes = encode(question, *reply, is_v6);
        if (reply->after == std::chrono::milliseconds()) {
            socket_.send_to(asio::buffer(bytes), from_);
            return;
        }
        Timer& timer = delays_.emplace_back(socket_.get_executor());
        timer.expires_after(reply->after);
        timer.async_wait([this, to = from_, bytes](boost::system::error_code error) {
            if (!error)
                socket_.send_to(asio::buffer(bytes), to);
        });
    }

    static std::string encode(std::string bytes, const Reply& reply, bool is_v6)
    {
        bytes[2] = '\x81';
        bytes[3] = static_cast<char>(0x80 | static_cast<int>(reply.code));
        bytes[7] = static_cast<char>(reply.addresses.size());
        bytes.replace(8, 4, 4, '\0');
        for (const std::string& text : reply.addresses) {
            bytes += {'\xc0', '\x0c', 0, is_v6 ? '\x1c' : '\x01', 0, 1};
            for (const int shift : {24, 16, 8, 0})
                bytes += static_cast<char>(reply.ttl >> shift & 0xff);
            const auto address = asio::ip::make_address(text);
            const auto append = [&](const auto& raw) {
                bytes += '\0';
                bytes += static_cast<char>(raw.size());
                bytes.append(raw.begin(), raw.end());
            };
            is_v6 ? append(address.to_v6().to_bytes()) : append(address.to_v4().to_bytes());
        }
        return bytes;
    }

    Socket socket_;
    Story story_;
    std::list<Timer> delays_;
    std::array<char, 512> bytes_;
    asio::ip::udp::endpoint from_;
};

} // namespace turngate::net::test
