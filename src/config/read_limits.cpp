#include "read.hpp"

namespace turngate::config {

using namespace std::chrono_literals;

void read_limits(Section limits, Limits& out)
{
    limits["max_client_message"].read_size(out.max_client_message, 1 << 10, 1 << 30);
    limits["max_request_body"].read_size(out.max_request_body, 1 << 10, 1ull << 30);
    limits["waiting_per_session"].read_size(out.waiting_per_session, 0, 1ull << 40);
    limits["waiting_total"].read_size(out.waiting_total, 0, 1ull << 40);
    limits["message_timeout"].read_duration(out.message_timeout, 100ms, 1h);
    limits["sockets_per_key"].read_number(out.sockets_per_key, 1, 10'000'000);
    limits["sockets_per_ip"].read_number(out.sockets_per_ip, 1, 10'000'000);
    limits["sockets"].read_number(out.sockets, 1, 10'000'000);
    limits["handshake_timeout"].read_duration(out.handshake_timeout, 100ms, 5min);
    limits["first_create"].read_duration(out.first_create, 100ms, 1h);
    limits["idle"].read_duration(out.idle, 100ms, 168h);
}

void read_http(Section http, Http& out)
{
    http["idle"].read_duration(out.idle, 100ms, 1h);
    http["head_after"].read_duration(out.head_after, 100ms, 1h);
    http["keepalive"].read_duration(out.keepalive, 100ms, 1h);
    http["keepalive_event"].read_word<KeepaliveEvent>(out.keepalive_event,
                                                      {{"codex", KeepaliveEvent::codex},
                                                       {"all", KeepaliveEvent::all},
                                                       {"off", KeepaliveEvent::off}});
    http["keepalive_event_interval"].read_duration(out.keepalive_event_interval, 100ms, 1h);
    http["document_keepalive"].read_flag(out.document_keepalive);
    http["pass_rate_limits"].read_flag(out.pass_rate_limits);
    http["background_timeout"].read_duration(out.background_timeout, 100ms, 168h);
    http["account_timeout"].read_duration(out.account_timeout, 100ms, 1h);
}

void read_background(Section background, Background& out)
{
    background["max_log"].read_size(out.max_log, 0, 1ull << 30);
    background["max_total"].read_size(out.max_total, 0, 1ull << 40);
    background["keep"].read_duration(out.keep, 100ms, 24h);
}

void read_log(Section log, Log& out)
{
    log["level"].read_word<LogLevel>(out.level,
                                     {{"debug", LogLevel::debug},
                                      {"info", LogLevel::info},
                                      {"warn", LogLevel::warn},
                                      {"error", LogLevel::error}});
    log["format"].read_word<LogFormat>(out.format,
                                       {{"text", LogFormat::text}, {"json", LogFormat::json}});
}

} // namespace turngate::config
