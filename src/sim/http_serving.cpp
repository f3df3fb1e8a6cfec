// What a connection over HTTP does with a request: the API's answer, or what a script says.
#include "http_connection.hpp"

#include "endpoints.hpp"
#include "upgrade.hpp"

#include <algorithm>
#include <array>
#include <utility>

namespace turngate::sim {
namespace {

constexpr auto kPatience = std::chrono::seconds(30);
constexpr auto kBreath = std::chrono::milliseconds(20); // between pieces of an endless body
constexpr std::size_t kMostBody = 256 * 1024 * 1024;

bool is_control(std::string_view path)
{
    return path.starts_with("/_sim/");
}

net::Task<> wait_until_gone(net::Stream& stream)
{
    std::array<char, 4096> unheard;
    for (;;) {
        const auto read = co_await stream.read_some(unheard, core::Deadline::max());
        if (!read)
            co_return;
    }
}

} // namespace

net::Task<bool> HttpConnection::serve(net::RequestReader& reader, net::HttpRequest request)
{
    if (!is_control(request.path())) {
        const bool goes_on = co_await serve_api(reader, std::move(request));
        co_return goes_on;
    }
    const bool is_read = co_await read_body(reader, request, kMostBody);
    if (!is_read)
        co_return false;
    leftover_ = reader.take_leftover();
    const bool goes_on = request.keep_alive;
    const bool sent = co_await write(control_.answer(request), goes_on, request.method == "HEAD");
    co_return sent&& goes_on;
}

net::Task<bool> HttpConnection::serve_api(net::RequestReader& reader, net::HttpRequest request)
{
    enter();
    ++world_.stats.requests;
    ++requests_;
    RequestFacts facts;
    facts.connection = number_;
    facts.path = request.path();
    facts.headers = request.headers;
    facts.transport = Transport::http;
    facts.method = request.method;
    facts.request = requests_;
    facts.creates = creates_;
    transcript_.request(number_, requests_, request);
    const RequestActPtr act = world_.script.at_request(facts, world_.lots);
    if (act && act->bytes_per_second)
        read_slowly(*act->bytes_per_second);
    const std::size_t most = act && act->after_body ? *act->after_body : kMostBody;
    if (request.headers.has_token("expect", "100-continue") && most > 0)
        co_await stream_.write_all("HTTP/1.1 100 Continue\r\n\r\n", core::Clock::now() + kPatience);
    const bool is_read = co_await read_body(reader, request, most);
    if (!is_read)
        co_return false;
    const bool is_whole = reader.is_whole();
    leftover_ = reader.take_leftover();
    if (act && act->kind != RequestAct::Kind::accept) {
        const bool goes_on = co_await inflict(*act, request, is_whole);
        co_return goes_on;
    }
    auto answer = check_request(request, world_.options);
    if (!answer && request.method == "POST" && is_responses_path(request.path())) {
        const bool goes_on =
            co_await call(std::move(request), std::move(facts), std::exchange(leftover_, {}));
        co_return goes_on;
    }
    if (!request.body.empty())
        transcript_.message(number_, request.body);
    if (!answer)
        answer = answer_endpoint(world_, request);
    answered(requests_, answer->status);
    answer->headers.add("date", net::http_date());
    const bool goes_on = request.keep_alive;
    const bool sent = co_await write(std::move(*answer), goes_on, request.method == "HEAD");
    co_return sent&& goes_on;
}

net::Task<bool> HttpConnection::inflict(const RequestAct& act,
                                        net::HttpRequest& request,
                                        bool is_whole)
{
    using Kind = RequestAct::Kind;
    if (!request.body.empty())
        transcript_.message(number_, request.body);
    answered(requests_, act.kind == Kind::answer ? act.answer.status : 0);
    const bool waited = co_await wait(core::Clock::now() + act.delay);
    if (!waited)
        co_return false;
    end_ = {"sim", act.kind == Kind::reset ? "reset" : "eof", 1006, {}};
    if (act.kind == Kind::hang) {
        co_await wait_until_gone(stream_);
        end_ = {"client", "eof", 1006, {}};
        co_return false;
    }
    if (act.kind == Kind::reset)
        prepare_reset();
    if (act.kind == Kind::reset)
        stream_.close();
    if (act.kind != Kind::answer)
        co_return false;
    net::HttpResponse response = scripted_refusal(act.answer);
    if (!act.answer.is_endless) {
        const bool goes_on = is_whole && request.keep_alive;
        const bool sent = co_await write(std::move(response), goes_on, false);
        co_return sent&& goes_on;
    }
    const std::string head = endless_head(response);
    auto sent = co_await stream_.write_all(head, core::Clock::now() + kPatience);
    const std::string more(16 * 1024, ' ');
    while (sent && !is_over_) {
        co_await wait(core::Clock::now() + kBreath);
        sent = co_await stream_.write_all(more, core::Clock::now() + kPatience);
    }
    co_return false;
}

net::Task<bool> HttpConnection::call(net::HttpRequest request,
                                     RequestFacts facts,
                                     std::string leftover)
{
    HttpCall call(world_,
                  transcript_,
                  loop_,
                  std::move(stream_),
                  std::move(leftover),
                  std::move(facts),
                  request);
    call_ = &call;
    const HttpCall::Ending ending = co_await call.run(std::move(request.body));
    call_ = nullptr;
    creates_ = call.creates();
    const bool is_gone = call.is_gone();
    stream_ = call.release();
    leftover_ = call.take_leftover();
    if (call.pace())
        read_slowly(*call.pace());
    if (is_over_ || is_gone) {
        if (!is_over_)
            end_ = {"client", "eof", 1006, {}};
        co_return false;
    }
    if (ending == HttpCall::Ending::open && !call.then())
        co_return true;
    const bool resets = ending == HttpCall::Ending::open ? call.then()->kind == Fault::Kind::reset
                                                         : ending == HttpCall::Ending::reset;
    end_ = {"sim", resets ? "reset" : "eof", 1006, {}};
    if (resets)
        prepare_reset();
    if (ending == HttpCall::Ending::open) {
        ends_at_ = core::Clock::now() + call.then()->delay;
        co_return true;
    }
    if (resets)
        stream_.close();
    co_return false;
}

} // namespace turngate::sim
