#include "read.hpp"

#include "url.hpp"

#include <algorithm>

namespace turngate::config {
namespace {

using namespace std::chrono_literals;

void read_kind(const Value& value, Account& account)
{
    value.read_word<AccountKind>(account.kind,
                                 {{"openai", AccountKind::openai},
                                  {"azure", AccountKind::azure},
                                  {"xai", AccountKind::xai},
                                  {"custom", AccountKind::custom}});
    account.lanes = account.kind == AccountKind::openai || account.kind == AccountKind::custom;
    const bool is_custom = account.kind == AccountKind::custom;
    account.transport = is_custom ? Transport::automatic : Transport::ws;
    account.stores = !is_custom;
    account.compaction = account.kind == AccountKind::openai || account.kind == AccountKind::azure;
    account.max_age = account.kind == AccountKind::xai ? 20min : 55min;
}

void read_base_url(const Value& value, std::string& out)
{
    value.required().read_text(out);
    if (out.empty())
        return;
    const auto url = parse_url(out);
    static constexpr std::string_view kSchemes[] = {"http", "https", "ws", "wss"};
    if (!url || std::ranges::find(kSchemes, url->scheme) == std::end(kSchemes))
        value.complain("must be an http, https, ws or wss URL with a host");
    else if (!url->userinfo.empty())
        value.complain("must not have a user or password in it");
}

void read_proxy(const Value& value, std::string& out)
{
    out = value.text().value_or("");
    if (out.empty())
        return;
    const auto url = parse_url(out);
    static constexpr std::string_view kSchemes[] = {"http", "socks5", "socks5h"};
    if (!url || std::ranges::find(kSchemes, url->scheme) == std::end(kSchemes))
        value.complain("must be an http, socks5 or socks5h URL with a host");
    else if (!url->rest.empty() && url->rest != "/")
        value.complain("must not have a path");
}

void read_account_groups(const Value& value, const Config& config, std::vector<std::string>& out)
{
    if (!value.is_given())
        return check_group(value, config, out.front());
    out.clear();
    value.require_items();
    for (const Value& item : value.items()) {
        std::string name;
        item.read_text(name);
        if (name.empty())
            continue;
        check_group(item, config, name);
        out.push_back(std::move(name));
    }
}

bool is_header_name(std::string_view text)
{
    static constexpr std::string_view kMarks = "!#$%&'*+-.^_`|~";
    return std::ranges::all_of(text, [](char c) {
        return (c >= 'a' && c <= 'z') || (c >= '0' && c <= '9') || kMarks.find(c) != kMarks.npos;
    });
}

// Those never reach an account (behaviour.md section 1): credentials, cookies, hop by hop,
// forwarding.
bool is_private_header(std::string_view name)
{
    static constexpr std::string_view kPrivate[] = {"authorization",
                                                    "x-api-key",
                                                    "api-key",
                                                    "cookie",
                                                    "cookie2",
                                                    "proxy-authorization",
                                                    "proxy-authenticate",
                                                    "proxy-connection",
                                                    "host",
                                                    "connection",
                                                    "keep-alive",
                                                    "te",
                                                    "trailer",
                                                    "transfer-encoding",
                                                    "upgrade",
                                                    "content-length",
                                                    "forwarded",
                                                    "via",
                                                    "x-real-ip"};
    return name.starts_with("sec-") || name.starts_with("x-forwarded-") ||
           std::ranges::find(kPrivate, name) != std::end(kPrivate);
}

std::string lower(std::string_view text)
{
    std::string out(text);
    std::ranges::transform(out, out.begin(), [](char c) {
        return c >= 'A' && c <= 'Z' ? static_cast<char>(c + 32) : c;
    });
    return out;
}

void read_credentials(Section credentials, Credentials& out)
{
    const Value command = credentials["command"];
    for (const Value& item : command.items())
        if (const auto word = item.text())
            out.command.push_back(*word);
    credentials["refresh"].read_duration(out.refresh, 1s, 168h);
    if (out.command.empty())
        return;
    std::string& program = out.command.front();
    if (program.find('/') != program.npos) // else it is looked for in PATH
        command.items().front().read_path(program);
    if (program.empty())
        command.complain("needs a program");
}

// The secret itself, or where it comes from.
void read_secret(Section& account, Account& out)
{
    read_credentials(account["credentials"].section(), out.credentials);
    const Value key = account["api_key"];
    if (out.credentials.command.empty())
        out.api_key = key.required().secret(&out.api_key_file).value_or("");
    else if (key.is_given())
        key.complain("stands beside credentials.command: one of them");
}

// The upgrade is the gateway's; everything else may be the operator's.
bool is_of_the_upgrade(std::string_view name)
{
    static constexpr std::string_view kOwn[] = {
        "host", "connection", "upgrade", "content-length", "transfer-encoding"};
    return name.starts_with("sec-websocket-") || std::ranges::find(kOwn, name) != std::end(kOwn);
}

bool is_header_value(std::string_view text)
{
    return std::ranges::all_of(text, [](unsigned char c) { return c >= ' ' && c != 0x7f; });
}

void read_headers(const Value& value, std::map<std::string, std::string, std::less<>>& out)
{
    for (const Value& entry : value.entries()) {
        std::string name = lower(entry.key());
        std::string text = entry.text().value_or("");
        if (name.empty() || !is_header_name(name))
            entry.complain("must be the name of a header");
        else if (is_of_the_upgrade(name))
            entry.complain("is a header of the upgrade itself");
        else if (!is_header_value(text))
            entry.complain("must not have control characters");
        else if (!out.emplace(std::move(name), std::move(text)).second)
            entry.complain("is given twice");
    }
}

void read_forward_headers(const Value& value, std::vector<std::string>& out)
{
    for (const Value& item : value.items()) {
        auto name = item.filled();
        if (!name)
            continue;
        *name = lower(*name);
        if (!is_header_name(*name))
            item.complain("must be the name of a header");
        else if (is_private_header(*name))
            item.complain("is never forwarded to an account");
        else
            out.push_back(std::move(*name));
    }
}

void read_models(const Value& value, Account& account, std::vector<Mapping>& mappings)
{
    for (const Value& entry : value.entries()) {
        std::string upstream;
        entry.read_text(upstream);
        if (entry.key().empty())
            entry.complain("a model needs a name");
        mappings.push_back({entry.complaint(""), entry.key(), upstream});
        account.models.emplace(entry.key(), std::move(upstream));
    }
}

void read_drop(const Value& value, Drop& out)
{
    Section drop = value.section();
    const auto read = [](const Value& names, std::vector<std::string>& into) {
        for (const Value& item : names.items())
            if (auto name = item.filled())
                into.push_back(std::move(*name));
    };
    read(drop["fields"], out.fields);
    read(drop["tools"], out.tools);
    read(drop["items"], out.items);
}

void refuse_over_http(const Value& value, bool is_on)
{
    if (value.is_given() && is_on)
        value.complain("cannot be had over HTTP, which this account's transport is");
}

void read_wire(Section& account, Account& out)
{
    account["transport"].read_word<Transport>(
        out.transport,
        {{"ws", Transport::ws}, {"http", Transport::http}, {"auto", Transport::automatic}});
    const bool is_http = out.transport == Transport::http;
    out.lanes = out.lanes && !is_http;
    const Value lanes = account["lanes"];
    lanes.read_flag(out.lanes);
    out.control_events = out.lanes;
    const Value control_events = account["control_events"];
    control_events.read_flag(out.control_events);
    if (is_http) {
        refuse_over_http(lanes, out.lanes);
        refuse_over_http(control_events, out.control_events);
    }
    account["stores"].read_flag(out.stores);
    account["compaction"].read_flag(out.compaction);
    read_drop(account["drop"], out.drop);
    account["keep_idle"].read_duration(out.keep_idle, 0s, 1h);
}

Account read_account(Section account, Config& config, Names& taken)
{
    Account out;
    read_name(account["name"], out.name, taken);
    read_kind(account["kind"], out);
    read_base_url(account["base_url"], out.base_url);
    read_secret(account, out);
    read_account_groups(account["groups"], config, out.groups);
    read_mode(account["mode"], out.mode);
    account["concurrency"].read_number(out.concurrency, 1, 1'000'000);
    account["max_connections"].read_number(out.max_connections, 1, 1'000'000);
    account["priority"].read_number(out.priority, -1'000'000, 1'000'000);
    account["cost_multiplier"].read_multiplier(out.cost_multiplier);
    read_models(account["models"], out, config.mappings);
    read_proxy(account.or_blank("proxy"), out.proxy);
    read_wire(account, out);
    account["max_age"].read_duration(out.max_age, 1s, 24h);
    read_forward_headers(account["forward_headers"], out.forward_headers);
    read_headers(account["headers"], out.headers);
    return out;
}

} // namespace

void read_accounts(const Value& accounts, Config& config)
{
    Names taken;
    accounts.require_items();
    for (const Value& item : accounts.mappings())
        config.accounts.push_back(read_account(item.section(), config, taken));
}

} // namespace turngate::config
