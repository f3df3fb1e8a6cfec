#include "http_wire.hpp"

#include "account_headers.hpp"

#include "turngate/accounts/quota_reading.hpp"
#include "turngate/protocol/client_event.hpp"
#include "turngate/protocol/codex_event.hpp"
#include "turngate/protocol/http_answer.hpp"
#include "turngate/protocol/upstream_answer.hpp"
#include "turngate/protocol/upstream_event.hpp"

#include <algorithm>
#include <charconv>
#include <utility>

namespace turngate::upstream {
namespace {

constexpr std::size_t kMaxEvent = 64 << 20;
constexpr std::size_t kMaxRefusal = 64 << 10;   // of a refusal's body; the rest is not looked at
constexpr std::chrono::seconds kRefusalTime(1); // for its body, which decides nothing

using Headers = std::vector<std::pair<std::string, std::string>>;

// What clients and the account's standing want to know of a refusal.
Headers telling_headers(const net::HttpHeaders& headers)
{
    Headers kept;
    for (const auto& [name, value] : headers) {
        const auto begins = [&](std::string_view with) {
            return net::equal_without_case(std::string_view(name).substr(0, with.size()), with);
        };
        if (begins("retry-after") || begins("x-should-retry"))
            kept.emplace_back(name, value);
    }
    return kept;
}

Headers codex_headers(const net::HttpHeaders& headers)
{
    Headers kept;
    for (const auto& [name, value] : headers) {
        std::string small = name;
        std::ranges::transform(small, small.begin(), [](char c) {
            return c >= 'A' && c <= 'Z' ? static_cast<char>(c + 32) : c;
        });
        if (small.starts_with("x-codex-"))
            kept.emplace_back(std::move(small), value);
    }
    return kept;
}

// keep-alive: timeout=N (http.md section 6.7).
std::optional<std::chrono::seconds> idle_time(const net::HttpHeaders& headers)
{
    const std::string_view value = headers.get("keep-alive");
    constexpr std::string_view kTimeout = "timeout=";
    const std::size_t at = value.find(kTimeout);
    if (at == value.npos)
        return std::nullopt;
    long seconds = 0;
    const char* const begin = value.data() + at + kTimeout.size();
    const auto read = std::from_chars(begin, value.data() + value.size(), seconds);
    if (read.ec != std::errc() || seconds < 0 || seconds > 86'400)
        return std::nullopt;
    return std::chrono::seconds(std::max(0l, seconds - 1));
}

bool is_json(const net::HttpHeaders& headers)
{
    return headers.get("content-type").find("json") != std::string_view::npos;
}

std::string request_bytes(const accounts::Account& account,
                          std::string_view body,
                          const net::HttpHeaders& headers,
                          std::string_view below)
{
    std::string path = account.url.path;
    path.insert(std::min(path.find('?'), path.size()), below);
    std::string bytes = "POST " + path + " HTTP/1.1\r\nhost: " + account.url.authority() + "\r\n";
    for (const auto& [name, value] : headers)
        bytes.append(name).append(": ").append(value).append("\r\n");
    bytes.append("content-type: application/json\r\naccept: ")
        .append(below.empty() ? "text/event-stream" : "application/json");
    bytes.append("\r\naccept-encoding: identity\r\ncontent-length: ");
    bytes.append(std::to_string(body.size())).append("\r\n\r\n").append(body);
    return bytes;
}

} // namespace

HttpWire::HttpWire(net::Loop& loop,
                   net::Stream stream,
                   std::shared_ptr<const accounts::Account> account)
    : channel_(loop, std::move(stream), {}), account_(std::move(account))
{
    loop.tick(*this);
}

net::Task<net::Closing> HttpWire::run(Wire::Sink& sink, std::string)
{
    sink_ = &sink;
    return channel_.run(*this);
}

void HttpWire::ask(std::string_view create, const net::HttpHeaders& headers, std::string_view below)
{
    body_ = Body::unknown;
    head_ = {};
    head_.status = 0;
    reader_.emplace(kMaxEvent);
    channel_.ask(
        request_bytes(*account_, create, account_headers(account_->config, headers), below));
}

Wire::Progress HttpWire::progress() const noexcept
{
    if (!channel_.has_sent_all())
        return Progress::unsent;
    return channel_.has_heard() ? Progress::heard : Progress::unheard;
}

const net::HttpHeaders* HttpWire::answer_headers() const noexcept
{
    return head_.status == 200 ? &head_.headers : nullptr;
}

const net::HttpResponse* HttpWire::refusal() const noexcept
{
    return body_ == Body::refusal ? &head_ : nullptr;
}

void HttpWire::on_head(net::HttpResponse head)
{
    head_ = std::move(head);
    keeps_idle_ = idle_time(head_.headers);
    if (head_.status != 200)
        body_ = Body::refusal;
    const auto now = core::Clock::now();
    if (body_ == Body::refusal)
        refused_at_ = now;
    for (const auto& window : accounts::read_quota(head_.headers, core::wall_now(), now))
        account_->standing->quota().report(window.name, window.used_percent, window.resets_at);
    has_read_ = true;
    if (head_.status == 200)
        make_news();
}

// What a WebSocket would have told by events of Codex's own.
void HttpWire::make_news()
{
    const std::string_view state = head_.headers.get(protocol::kTurnState);
    if (!state.empty())
        made_.push_back(protocol::turn_state_event(state));
    std::string limits = protocol::rate_limits_event(codex_headers(head_.headers));
    if (!limits.empty())
        made_.push_back(std::move(limits));
}

void HttpWire::on_body(std::string_view bytes)
{
    has_read_ = true;
    if (body_ == Body::unknown) {
        const std::size_t first = bytes.find_first_not_of(" \t\r\n");
        if (first == bytes.npos)
            return;
        body_ = is_json(head_.headers) && bytes[first] == '{' ? Body::document : Body::events;
    }
    if (body_ == Body::refusal) {
        keep(bytes, kMaxRefusal);
        if (head_.body.size() == kMaxRefusal)
            refuse();
        return;
    }
    if (body_ == Body::document) {
        keep(bytes, kMaxEvent);
        if (head_.body.size() == kMaxEvent)
            channel_.abort();
        return;
    }
    if (!reader_->feed(bytes, events_))
        channel_.abort();
}

void HttpWire::keep(std::string_view bytes, std::size_t most)
{
    head_.body.append(bytes.substr(0, most - std::min(most, head_.body.size())));
}

void HttpWire::on_whole()
{
    is_whole_ = true;
    if (body_ == Body::refusal)
        refuse();
    else if (body_ == Body::document)
        for (std::string& event : protocol::events_of_response(head_.body))
            made_.push_back(std::move(event));
}

void HttpWire::refuse()
{
    if (std::exchange(refused_at_, core::Deadline::max()) == core::Deadline::max())
        return; // told already
    made_.push_back(
        protocol::refusal_event(head_.status, telling_headers(head_.headers), head_.body));
    if (!is_whole_)
        channel_.abort();
}

void HttpWire::on_tick(core::Deadline now)
{
    if (refused_at_ > now - kRefusalTime)
        return;
    try {
        refuse();
        has_read_ = true;
        on_read_end();
    } catch (...) {
        channel_.fail(std::current_exception());
    }
}

void HttpWire::on_read_end()
{
    if (!std::exchange(has_read_, false))
        return;
    frames_.clear();
    for (const std::string& event : made_)
        add_event(event);
    for (const std::string_view event : events_)
        if (protocol::peek_type(event) != "keepalive")
            add_event(event);
    sink_->on_events(frames_);
    made_.clear();
    events_.clear();
    reader_->forget_given();
    if (std::exchange(is_whole_, false))
        sink_->on_answered();
}

void HttpWire::add_event(std::string_view event)
{
    net::Frame frame;
    frame.opcode = net::Opcode::text;
    frame.payload = event;
    frames_.push_back(frame);
}

} // namespace turngate::upstream
