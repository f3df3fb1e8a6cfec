#include "ledger_resources.hpp"

#include "principals.hpp"
#include "request_body.hpp"

#include "turngate/usage/report.hpp"

#include <nlohmann/json.hpp>

#include <charconv>

namespace turngate::app {
namespace {

using admin::Answer;
using admin::Request;

constexpr unsigned kMostEntries = 1000;

int status_of(Refused::Why why)
{
    switch (why) {
    case Refused::Why::mistaken:
        return 400;
    case Refused::Why::unknown:
        return 404;
    case Refused::Why::taken:
        return 409;
    }
    return 400;
}

std::string_view code_of(Refused::Why why)
{
    switch (why) {
    case Refused::Why::mistaken:
        return "invalid_parameter";
    case Refused::Why::unknown:
        return "not_found";
    case Refused::Why::taken:
        return "name_taken";
    }
    return "invalid_parameter";
}

std::string with_secret(const MadeKey& made)
{
    auto json = nlohmann::ordered_json::parse(usage::to_json(made.key));
    json["secret"] = made.secret;
    return json.dump();
}

Answer create(const Request& request, const config::Config& config, usage::Ledger& ledger)
{
    RequestBody body(request.body);
    NewKey wanted;
    wanted.name = body.want_text("name");
    wanted.user = body.want_text("user");
    wanted.group = body.take_text("group").value_or(wanted.group);
    wanted.quota_usd = body.take_text("quota_usd").value_or("");
    wanted.rpm = body.take_integer("rpm").value_or(0);
    wanted.tpm = body.take_integer("tpm").value_or(0);
    wanted.expires = body.take_text("expires").value_or("");
    body.end();
    return {201, with_secret(make_key(ledger, config, wanted))};
}

Answer change(const Request& request, const config::Config& config, usage::Ledger& ledger)
{
    RequestBody body(request.body);
    KeyEdit edit;
    edit.quota_usd = body.take_text("quota_usd");
    edit.rpm = body.take_integer("rpm");
    edit.tpm = body.take_integer("tpm");
    edit.expires = body.take_text("expires");
    body.end();
    return {200, usage::to_json(change_key(ledger, config, request.path[0], edit))};
}

Answer show_key(const std::string& name, usage::Ledger& ledger)
{
    const auto key = ledger.find_key(name);
    if (!key)
        throw Refused(Refused::Why::unknown, "name", "no key of the repository has that name");
    return {200, usage::to_json(*key)};
}

Answer keys(const Request& request, const config::Config& config, usage::Ledger& ledger)
{
    if (request.path.empty() && request.method == "GET")
        return {200, usage::to_json(ledger.keys())};
    if (request.path.empty() && request.method == "POST")
        return create(request, config, ledger);
    if (request.path.size() != 1)
        return admin::nothing_here();
    if (request.method == "GET")
        return show_key(request.path[0], ledger);
    if (request.method == "PATCH")
        return change(request, config, ledger);
    if (request.method == "DELETE")
        return {200, usage::to_json(revoke_key(ledger, config, request.path[0]))};
    return admin::nothing_here();
}

Answer change_user(const Request& request,
                   const config::Config& config,
                   usage::Ledger& ledger,
                   const char* amount,
                   decltype(add_credit) work)
{
    RequestBody body(request.body);
    const std::string usd = body.want_text(amount);
    const std::string note = body.take_text("note").value_or("");
    body.end();
    return {200, usage::to_json(work(ledger, config, request.path[0], usd, {request.who, note}))};
}

Answer users(const Request& request, const config::Config& config, usage::Ledger& ledger)
{
    const std::size_t depth = request.path.size();
    if (depth == 0 && request.method == "GET")
        return {200, usage::to_json(list_users(ledger, config))};
    if (depth == 1 && request.method == "GET")
        return {200,
                usage::to_json(find_user(ledger, config, request.path[0]),
                               ledger.credit_book(request.path[0], kMostEntries))};
    if (depth == 1 && request.method == "PATCH")
        return change_user(request, config, ledger, "balance_usd", set_credit);
    if (depth == 2 && request.path[1] == "credit" && request.method == "POST")
        return change_user(request, config, ledger, "usd", add_credit);
    return admin::nothing_here();
}

unsigned limit_of(const Request& request)
{
    const std::string_view text = request.parameter("limit");
    unsigned limit = 100;
    const auto end = text.data() + text.size();
    if (!text.empty() &&
        (std::from_chars(text.data(), end, limit).ptr != end || limit < 1 || limit > kMostEntries))
        throw Refused(Refused::Why::mistaken, "limit", "must be 1 to 1000");
    return limit;
}

Answer letters(const Request& request, const config::Config&, usage::Ledger& ledger)
{
    if (request.path.empty() && request.method == "GET")
        return {200, usage::to_json(ledger.dead_letters(limit_of(request)))};
    const std::size_t depth = request.path.size();
    if (depth == 1 && request.path[0] == "retry" && request.method == "POST")
        return {200, to_json(retry_letters(ledger))};
    if (depth == 2 && request.path[1] == "retry" && request.method == "POST")
        return {200, to_json(retry_letter(ledger, request.path[0]))};
    return admin::nothing_here();
}

// Mistakes are told as what they are; all else is the admin side's to tell.
admin::Handler told(ReadConfig config,
                    Answer (*work)(const Request&, const config::Config&, usage::Ledger&))
{
    return [config = std::move(config), work](const Request& request, usage::Ledger& ledger) {
        try {
            return work(request, *config(), ledger);
        } catch (const Refused& refused) {
            return admin::refusal(status_of(refused.why), refused.what(), code_of(refused.why));
        }
    };
}

} // namespace

std::vector<admin::Resource> ledger_resources(ReadConfig config)
{
    return {{"/api/v1/keys", told(config, keys)},
            {"/api/v1/users", told(config, users)},
            {"/api/v1/dead-letters", told(config, letters)}};
}

} // namespace turngate::app
