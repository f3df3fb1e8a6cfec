#include "subject_config.hpp"

#include <fmt/format.h>

namespace turngate::bench {
namespace {

// The upgrade is per hop; of plain HTTP the connection to the upstream is kept.
constexpr std::string_view kNginxKept = R"(        keepalive 1024;
        keepalive_requests 1000000;
)";
constexpr std::string_view kNginxUpgrade = R"(
            proxy_set_header Upgrade $http_upgrade;
            proxy_set_header Connection upgrade;)";
constexpr std::string_view kNginxStreams = R"(
            proxy_set_header Connection "";
            proxy_buffering off;
            proxy_request_buffering off;
            client_max_body_size 64m;)";

// Without the option it waits for more before it sends, up to 200 ms.
constexpr std::string_view kHaproxyStreams = R"(
    http-reuse always
    option http-no-delay)";

} // namespace

std::string nginx_config(const Route& route, Protocol protocol, bool as_root)
{
    return fmt::format(
        R"({user}
daemon off;
worker_processes 1;
pid {dir}/nginx.pid;
error_log stderr warn;
events {{ worker_connections {connections}; }}
http {{
    access_log off;
    client_body_temp_path {dir}/body;
    proxy_temp_path {dir}/proxy;
    fastcgi_temp_path {dir}/fastcgi;
    uwsgi_temp_path {dir}/uwsgi;
    scgi_temp_path {dir}/scgi;
    keepalive_requests 1000000;
    upstream sim {{
        server 127.0.0.1:{upstream};
{kept}    }}
    server {{
        listen 127.0.0.1:{port} backlog=4096;
        location / {{
            proxy_pass http://sim;
            proxy_http_version 1.1;{streams}
            proxy_read_timeout 1h;
            proxy_send_timeout 1h;
        }}
    }}
}}
)",
        fmt::arg("user", as_root ? "user root;" : ""), // its workers must reach our directory
        fmt::arg("dir", route.directory.string()),
        fmt::arg("connections", route.sessions * 2 + 64),
        fmt::arg("kept", protocol == Protocol::ws ? "" : kNginxKept),
        fmt::arg("streams", protocol == Protocol::ws ? kNginxUpgrade : kNginxStreams),
        fmt::arg("port", route.port),
        fmt::arg("upstream", route.upstream));
}

std::string haproxy_config(const Route& route, Protocol protocol)
{
    return fmt::format(
        R"(global
    nbthread 1
    maxconn {connections}
defaults
    mode http
    timeout connect 10s
    timeout client 1h
    timeout server 1h
    timeout tunnel 1h
frontend bench
    bind 127.0.0.1:{port} backlog 4096
    default_backend sim
backend sim{streams}
    server sim 127.0.0.1:{upstream}
)",
        fmt::arg("connections", route.sessions),
        fmt::arg("streams", protocol == Protocol::ws ? "" : kHaproxyStreams),
        fmt::arg("port", route.port),
        fmt::arg("upstream", route.upstream));
}

std::string turngate_config(const Route& route,
                            Protocol upstream,
                            std::uint16_t admin_port,
                            const std::filesystem::path& pricing,
                            const std::string& key)
{
    return fmt::format(R"(server: {{listen: "127.0.0.1:{port}", threads: 1}}
admin: {{listen: "127.0.0.1:{admin}"}}
accounts:
  - name: sim
    kind: custom
    base_url: http://127.0.0.1:{upstream}/v1
    api_key: sk-sim
    transport: {transport}
    stores: true
    concurrency: {connections}
    max_connections: {connections}
keys:
  - {{name: bench, key: {key}}}
usage:
  sqlite: {{path: {dir}/usage.db}}
  journal: {{dir: {dir}/journal}}
pricing: {{file: {pricing}, unknown_model: sim-1}}
limits: {{sockets_per_key: {connections}, sockets_per_ip: {connections}}}
log: {{level: warn}}
)",
                       fmt::arg("port", route.port),
                       fmt::arg("admin", admin_port),
                       fmt::arg("transport", name_of(upstream)),
                       fmt::arg("upstream", route.upstream),
                       fmt::arg("connections", route.sessions),
                       fmt::arg("key", key),
                       fmt::arg("dir", route.directory.string()),
                       fmt::arg("pricing", pricing.string()));
}

} // namespace turngate::bench
