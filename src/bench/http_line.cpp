#include "http_line.hpp"

#include <algorithm>
#include <utility>

namespace turngate::bench {
namespace {

constexpr std::size_t kMaxEvent = 64 << 20;
constexpr std::size_t kMaxRefusal = 64 << 10;

std::string head_of(const net::Url& url, const net::HttpHeaders& headers)
{
    std::string head = "POST " + url.path + " HTTP/1.1\r\nhost: " + url.authority() + "\r\n";
    for (const auto& [name, value] : headers)
        head.append(name).append(": ").append(value).append("\r\n");
    head += "accept: text/event-stream\r\ncontent-type: application/json\r\ncontent-length: ";
    return head;
}

} // namespace

HttpLine::HttpLine(net::Loop& loop,
                   net::Stream stream,
                   const net::Url& url,
                   const net::HttpHeaders& headers)
    : channel_(loop, std::move(stream), {}), head_(head_of(url, headers))
{
}

net::Task<> HttpLine::run(Line::Sink& sink)
{
    sink_ = &sink;
    co_await channel_.run(*this);
}

void HttpLine::ask(std::span<const std::string_view> create)
{
    std::size_t size = 0;
    for (const std::string_view piece : create)
        size += piece.size();
    const std::string length = std::to_string(size);
    std::string request;
    request.reserve(head_.size() + length.size() + 4 + size);
    request.append(head_).append(length).append("\r\n\r\n");
    for (const std::string_view piece : create)
        request.append(piece);
    reader_.emplace(kMaxEvent);
    refusal_.clear();
    channel_.ask(std::move(request));
}

void HttpLine::on_head(net::HttpResponse head)
{
    status_ = head.status;
    const std::string_view type = head.headers.get("content-type");
    if (status_ == 200 && !type.starts_with("text/event-stream"))
        sink_->on_oddity("content-type " + std::string(type));
}

void HttpLine::on_body(std::string_view bytes)
{
    if (status_ != 200) {
        refusal_.append(bytes.substr(0, kMaxRefusal - std::min(kMaxRefusal, refusal_.size())));
        return;
    }
    if (now_ == core::Deadline{})
        now_ = core::Clock::now(); // one look for all that one read brought
    const bool fits = reader_->feed(bytes, events_);
    for (const std::string_view event : events_)
        sink_->on_event(event, now_);
    events_.clear();
    reader_->forget_given();
    if (!fits)
        channel_.abort();
}

void HttpLine::on_whole()
{
    if (status_ != 200)
        sink_->on_refusal(status_, refusal_);
    sink_->on_answered();
}

void HttpLine::on_read_end()
{
    now_ = {};
}

} // namespace turngate::bench
