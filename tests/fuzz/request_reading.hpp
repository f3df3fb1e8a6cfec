#pragma once

#include "turngate/net/http.hpp"

#include <boost/asio/co_spawn.hpp>
#include <sys/socket.h>
#include <unistd.h>

#include <algorithm>
#include <cstdlib>
#include <exception>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

// A client's connection: requests one after the other, read as the gateway reads them.
namespace turngate::fuzz {

inline void require(bool holds)
{
    if (!holds)
        std::abort();
}

struct Read
{
    std::vector<std::string> requests; // each whole: its head's parts, and its body
    int status = 0;                    // of the refusal of what came after them; 0: the end
    std::size_t body = 0;              // of the one that was not whole
};

inline constexpr std::size_t kMostHead = 16 * 1024;

inline std::string text_of(const net::HttpRequest& request)
{
    std::string text = request.method + " " + request.target + (request.is_1_0 ? " 1.0" : " 1.1") +
                       (request.keep_alive ? " stays\n" : " closes\n");
    std::size_t size = 0;
    for (const auto& [name, value] : request.headers) {
        size += name.size() + value.size();
        text.append(name).append(":").append(value).append("\n");
    }
    require(size <= kMostHead);
    return text;
}

inline net::Task<> read_requests(net::Stream& stream, std::string first, Read& all)
{
    const auto never = core::Deadline::max();
    std::string rest = std::move(first);
    for (bool goes_on = true; goes_on;) {
        net::RequestReader reader(stream, std::move(rest), kMostHead);
        auto head = co_await reader.head(never);
        if (!head) {
            all.status = head.error().status;
            co_return;
        }
        std::string text = text_of(*head);
        all.body = 0;
        while (!reader.is_whole()) {
            const auto piece = co_await reader.piece(never);
            if (!piece) {
                all.status = piece.error().status;
                co_return;
            }
            require(!piece->empty() || reader.is_whole());
            text += *piece;
            all.body += piece->size();
        }
        all.body = 0;
        all.requests.push_back(std::move(text));
        rest = reader.take_leftover();
        goes_on = head->keep_alive;
    }
}

// `at_hand` was read before; the rest comes in pieces, then the client's end.
inline Read read(std::string_view bytes, std::size_t at_hand, std::size_t piece)
{
    static net::Loop loop(0);
    int ends[2];
    require(::socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, ends) == 0);
    net::Stream stream = net::adopt(loop, net::Stream::Parcel(ends[0]));
    Read all;
    bool is_over = false;
    at_hand = std::min(at_hand, bytes.size());
    net::asio::co_spawn(loop.executor(),
                        read_requests(stream, std::string(bytes.substr(0, at_hand)), all),
                        [&](const std::exception_ptr& bug) {
                            require(!bug);
                            is_over = true;
                        });
    bytes.remove_prefix(at_hand);
    while (!bytes.empty() && !is_over) {
        const std::string_view next = bytes.substr(0, piece);
        if (::send(ends[1], next.data(), next.size(), MSG_NOSIGNAL | MSG_DONTWAIT) > 0)
            bytes.remove_prefix(next.size());
        loop.context().poll();
    }
    ::shutdown(ends[1], SHUT_WR);
    while (!is_over)
        loop.context().run_one();
    ::close(ends[1]);
    return all;
}

// However they are cut, the same requests come of them. Of one that is broken and not whole either
// may be seen first.
inline void require_same(const Read& one, const Read& other)
{
    require(one.requests == other.requests);
    require(one.status == other.status || one.status == 0 || other.status == 0);
}

} // namespace turngate::fuzz
