#include "read.hpp"

#include "turngate/config/address.hpp"

#include "file.hpp"

#include <algorithm>

namespace turngate::config {
namespace {

std::optional<std::string> read_listen(const Value& value)
{
    auto text = value.text();
    if (!text || ListenAddress::parse(*text))
        return text;
    value.complain("must be host:port, [v6]:port or unix:/path");
    return std::nullopt;
}

// As browsers send it: scheme://host[:port] and nothing behind; or "*".
bool is_origin(std::string_view text)
{
    const auto host = text.find("://");
    if (text == "*")
        return true;
    const auto is_bad = [](char c) { return c <= ' ' || c == '/' || c == '"' || c == ','; };
    return host != text.npos && host > 0 && host + 3 < text.size() &&
           std::ranges::none_of(text.substr(host + 3), is_bad) &&
           std::ranges::none_of(text.substr(0, host), is_bad);
}

void read_origins(const Value& origins, std::vector<std::string>& out)
{
    for (const Value& item : origins.items())
        if (auto text = item.filled(); text && is_origin(*text))
            out.push_back(std::move(*text));
        else if (text)
            item.complain("must be an origin such as https://app.example.com, or *");
}

// An empty path is none: `tls: {cert: , key: }` means no TLS.
std::string read_readable(const Value& value)
{
    std::string path;
    if (value.text().value_or("").empty())
        return path;
    value.read_path(path);
    if (const FileText file = read_file(path); !file.fault.empty())
        value.complain("the file " + path + " " + file.fault);
    return path;
}

void read_tls(const Value& value, std::optional<Tls>& out)
{
    Section tls = value.section();
    Tls files{read_readable(tls.or_blank("cert")), read_readable(tls.or_blank("key"))};
    if (files.cert.empty() != files.key.empty())
        value.complain("needs both cert and key");
    if (!files.cert.empty() && !files.key.empty())
        out = std::move(files);
}

} // namespace

void read_server(Section server, Server& out)
{
    const Value listen = server["listen"];
    if (listen.is_given()) {
        out.listen.clear();
        for (const Value& item : listen.items(true)) {
            if (auto address = read_listen(item))
                out.listen.push_back(std::move(*address));
        }
    }
    read_tls(server["tls"], out.tls);
    server["threads"].read_number(out.threads, 0, 1024);
    server["deflate"].read_flag(out.deflate);
    server["drain_timeout"].read_duration(
        out.drain_timeout, std::chrono::milliseconds(0), std::chrono::hours(1));
    read_blocks(server["trusted_proxies"], out.trusted_proxies, kUnixPeer);
    read_origins(server["cors_origins"], out.cors_origins);
}

void read_admin(Section admin, Admin& out)
{
    if (auto address = read_listen(admin["listen"]))
        out.listen = std::move(*address);
    for (const Value& item : admin["hosts"].items())
        if (auto host = item.filled())
            out.hosts.push_back(std::move(*host));
    admin["query_timeout"].read_duration(
        out.query_timeout, std::chrono::milliseconds(100), std::chrono::minutes(5));
    const Value token = admin["token"]; // ${VAR:-} may leave it empty, and says so
    const auto given = token.text();
    if (given && !given->empty())
        out.token = token.secret().value_or("");

    const auto address = ListenAddress::parse(out.listen);
    if (address && !address->is_loopback() && (!given || given->empty()))
        token.complain("is required when admin.listen is not on loopback");
}

} // namespace turngate::config
