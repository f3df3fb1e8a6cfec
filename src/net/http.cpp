#include "turngate/net/http.hpp"

#include "turngate/core/bytes.hpp"

#include <boost/beast/http/rfc7230.hpp>
#include <boost/beast/http/status.hpp>
#include <openssl/sha.h>

#include <algorithm>
#include <array>
#include <charconv>
#include <ctime>

namespace turngate::net {
namespace {

namespace http = boost::beast::http;

bool is_window_bits(boost::beast::string_view text) noexcept
{
    int bits = 0;
    const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), bits);
    return error == std::errc() && end == text.data() + text.size() && bits >= 8 && bits <= 15;
}

// RFC 7692 section 7.1: what is unknown, invalid or twice there declines the offer.
// server_max_window_bits would have to be answered and kept to; our answer names no window, so such
// an offer is not for us.
bool can_take(const http::param_list& parameters)
{
    std::vector<boost::beast::string_view> seen;
    for (const auto& [name, value] : parameters) {
        const auto is_this = [&name = name](boost::beast::string_view one) {
            return boost::beast::iequals(one, name);
        };
        const bool is_flag =
            is_this("server_no_context_takeover") || is_this("client_no_context_takeover");
        const bool is_known =
            is_flag ? value.empty()
                    : is_this("client_max_window_bits") && (value.empty() || is_window_bits(value));
        if (!is_known || std::any_of(seen.begin(), seen.end(), is_this))
            return false;
        seen.push_back(name);
    }
    return true;
}

} // namespace

bool equal_without_case(std::string_view a, std::string_view b) noexcept
{
    const auto lower = [](char c) { return c >= 'A' && c <= 'Z' ? static_cast<char>(c + 32) : c; };
    return std::equal(a.begin(), a.end(), b.begin(), b.end(), [&](char x, char y) {
        return lower(x) == lower(y);
    });
}

std::string_view HttpHeaders::get(std::string_view name) const noexcept
{
    for (const auto& [field, value] : fields_)
        if (equal_without_case(field, name))
            return value;
    return {};
}

bool HttpHeaders::has(std::string_view name) const noexcept
{
    return std::any_of(fields_.begin(), fields_.end(), [&](const auto& field) {
        return equal_without_case(field.first, name);
    });
}

bool HttpHeaders::has_token(std::string_view name, std::string_view token) const noexcept
{
    return std::any_of(fields_.begin(), fields_.end(), [&](const auto& field) {
        return equal_without_case(field.first, name) &&
               http::token_list(boost::beast::string_view(field.second.data(), field.second.size()))
                   .exists(boost::beast::string_view(token.data(), token.size()));
    });
}

std::string_view HttpRequest::path() const noexcept
{
    return std::string_view(target).substr(0, target.find('?'));
}

std::string_view HttpRequest::query() const noexcept
{
    const auto at = target.find('?');
    return at == std::string::npos ? std::string_view() : std::string_view(target).substr(at + 1);
}

std::string to_bytes(const HttpResponse& response, bool keep_alive, bool is_head)
{
    std::string bytes = "HTTP/1.1 " + std::to_string(response.status) + " ";
    bytes.append(reason_phrase(response.status)).append("\r\n");
    for (const auto& [name, value] : response.headers)
        bytes.append(name).append(": ").append(value).append("\r\n");
    if (response.status >= 200 && response.status != 204) // RFC 9110 section 8.6
        bytes.append("content-length: ")
            .append(std::to_string(response.body.size()))
            .append("\r\n");
    if (!keep_alive)
        bytes.append("connection: close\r\n");
    bytes.append("\r\n");
    if (!is_head)
        bytes.append(response.body);
    return bytes;
}

std::string websocket_accept(std::string_view key)
{
    std::string text(key);
    text.append("258EAFA5-E914-47DA-95CA-C5AB0DC85B11");
    std::array<unsigned char, SHA_DIGEST_LENGTH> digest;
    ::SHA1(reinterpret_cast<const unsigned char*>(text.data()), text.size(), digest.data());
    return core::to_base64({reinterpret_cast<const char*>(digest.data()), digest.size()});
}

bool wants_websocket(const HttpRequest& request) noexcept
{
    return request.method == "GET" && request.headers.has_token("connection", "upgrade") &&
           request.headers.has_token("upgrade", "websocket");
}

bool is_valid_upgrade(const HttpRequest& request) noexcept
{
    const std::string_view key = request.headers.get("sec-websocket-key");
    return wants_websocket(request) && request.headers.get("sec-websocket-version") == "13" &&
           key.size() == 24 && key.ends_with("==");
}

bool offers_deflate(const HttpRequest& request) noexcept
{
    for (const auto& [name, value] : request.headers) {
        if (!equal_without_case(name, "sec-websocket-extensions"))
            continue;
        const std::string padded =
            value + " "; // Beast gives a last extension the parameters of the one before it
        for (const auto& extension : http::ext_list(padded))
            if (boost::beast::iequals(extension.first, "permessage-deflate") &&
                can_take(extension.second))
                return true;
    }
    return false;
}

bool has_query_parameter(std::string_view query, std::string_view name) noexcept
{
    while (!query.empty()) {
        const std::string_view pair = query.substr(0, query.find('&'));
        if (equal_without_case(pair.substr(0, pair.find('=')), name))
            return true;
        query.remove_prefix(std::min(query.size(), pair.size() + 1));
    }
    return false;
}

std::string_view http_date() noexcept
{
    thread_local std::time_t made_at = 0;
    thread_local std::array<char, 40> text{};
    thread_local std::size_t size = 0;
    const std::time_t now = std::time(nullptr);
    if (now != made_at) {
        std::tm parts{};
        ::gmtime_r(&now, &parts);
        size = std::strftime(text.data(), text.size(), "%a, %d %b %Y %H:%M:%S GMT", &parts);
        made_at = now;
    }
    return {text.data(), size};
}

std::string_view reason_phrase(int status) noexcept
{
    const auto phrase = http::obsolete_reason(static_cast<http::status>(status));
    return {phrase.data(), phrase.size()};
}

} // namespace turngate::net
