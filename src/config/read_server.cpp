#include "read.hpp"

#include "turngate/config/address.hpp"

#include "file.hpp"

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
