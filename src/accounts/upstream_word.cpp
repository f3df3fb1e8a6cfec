#include "upstream_word.hpp"

#include "text_search.hpp"

#include <algorithm>
#include <array>

namespace turngate::accounts {
namespace {

using Word = UpstreamWord;

struct Named
{
    std::string_view name;
    Word word;
};

// Of a `code`, or of a `type` that stands in for one.
constexpr Named kNames[] = {
    {"previous_response_not_found", Word::parent_not_found},
    {"invalid_encrypted_content", Word::sealed},
    {"websocket_connection_limit_reached", Word::connection_limit},
    {"rate_limit_exceeded", Word::rate_limited},
    {"rate_limit_error", Word::rate_limited},
    {"too_many_requests", Word::rate_limited},
    {"usage_limit_reached", Word::quota},
    {"insufficient_quota", Word::quota},
    {"usage_not_included", Word::quota},
    {"billing_hard_limit_reached", Word::quota},
    {"server_is_overloaded", Word::overloaded},
    {"overloaded_error", Word::overloaded},
    {"slow_down", Word::overloaded},
    {"server_error", Word::server_error},
    {"internal_error", Word::server_error},
    {"internal_server_error", Word::server_error},
};

// Of codes and types that speak of the key. A 400 with one of them is no request's fault either.
constexpr std::string_view kOfTheKey[] = {
    "invalid_api_key",
    "incorrect_api_key",
    "invalid_authentication",
    "authentication_error",
    "unauthorized",
    "unauthenticated",
    "token_expired",
    "token_revoked",
    "token_invalidated",
    "account_deactivated",
    "organization_deactivated",
    "missing_scope",
};

Word word_of_name(std::string_view name) noexcept
{
    const auto found = std::ranges::find(kNames, name, &Named::name);
    if (found != std::end(kNames))
        return found->word;
    return std::ranges::find(kOfTheKey, name) != std::end(kOfTheKey) ? Word::credentials
                                                                     : Word::none;
}

// "Request too large for … Limit 30000, Requested 50000": no rest of the account mends that.
bool is_request_over_limit(std::string_view message) noexcept
{
    if (contains(message, "request too large"))
        return true;
    const auto limit = number_after(message, "limit");
    const auto requested = number_after(message, "requested");
    return limit && requested && *requested > *limit;
}

bool speaks_of_the_key(std::string_view message) noexcept
{
    if (contains(message, "missing scope"))
        return true;
    if (contains(message, "model") || contains(message, "polic")) // what was asked for
        return false;
    constexpr std::array kPlain = {
        "api key", "api_key", "api-key", "apikey", "unauthorized", "credential", "authenticat"};
    constexpr std::array kRights = {"permission",
                                    "not allowed",
                                    "not authorized",
                                    "access",
                                    "scope",
                                    "deactivated",
                                    "disabled",
                                    "suspended",
                                    "revoked",
                                    "expired",
                                    "not a member",
                                    "invalid"};
    constexpr std::array kOwners = {"key", "token", "project", "organization", "account"};
    const auto is_in = [&](const char* words) { return contains(message, words); };
    const auto is_word = [&](const char* word) { return contains_word(message, word); };
    return std::ranges::any_of(kPlain, is_in) ||
           (std::ranges::any_of(kRights, is_in) && std::ranges::any_of(kOwners, is_word));
}

bool is_unknown_parent(const Words& words) noexcept
{
    if (words.status != 400 && words.status != 404)
        return false;
    const bool is_parent = words.param == "previous_response_id" ||
                           contains(words.message, "previous response") ||
                           contains(words.message, "previous_response_id") ||
                           contains(words.message, "response with id");
    return is_parent && contains(words.message, "not found");
}

bool is_sealed_by_another(std::string_view message) noexcept
{
    return (contains(message, "encrypted content") || contains(message, "encrypted_content")) &&
           (contains(message, "verif") || contains(message, "decrypt"));
}

Word word_of_message(const Words& words) noexcept
{
    if (is_unknown_parent(words))
        return Word::parent_not_found;
    if (words.status != 400)
        return Word::request_error;
    const std::string_view message = words.message;
    if (contains(message, "no tool output found") || contains(message, "no tool call found"))
        return Word::tool_pairing;
    // A reasoning item without what follows it, or an item without its reasoning.
    if (contains(message, "reasoning") && contains(message, "without its required"))
        return Word::orphaned_reasoning;
    return is_sealed_by_another(message) ? Word::sealed : Word::request_error;
}

Word word_of_forbidden(const Words& words) noexcept
{
    if (words.is_json && speaks_of_the_key(words.message))
        return Word::credentials;
    return words.is_dial || !words.is_json ? Word::challenge : Word::request_error;
}

// http.md section 6.6.
Word word_of_answer(const Words& words) noexcept
{
    const int status = words.status;
    if (status < 400 || status == 405 || (status == 404 && !words.is_json))
        return Word::no_api;
    return status == 408 || status == 409 || status == 425 ? Word::not_now : Word::none;
}

Word word_of_status(const Words& words) noexcept
{
    const Word of_answer = words.is_answer ? word_of_answer(words) : Word::none;
    if (of_answer != Word::none)
        return of_answer;
    switch (words.status) {
    case 401:
        return Word::credentials;
    case 402: // OpenRouter: no credits left
        return Word::quota;
    case 403:
        return word_of_forbidden(words);
    case 429:
        return Word::rate_limited;
    case 529:
        return Word::overloaded;
    case 503: // llama.cpp
        return contains(words.message, "loading model") ? Word::overloaded : Word::server_error;
    default:
        break;
    }
    if (words.status >= 500)
        return Word::server_error;
    if (words.status != 0)
        return word_of_message(words);
    if (words.type == "api_error") // third parties: theirs, whatever it was
        return Word::server_error;
    const bool says_nothing = words.code.empty() && words.type.empty() && words.message.empty();
    return says_nothing ? Word::none : Word::request_error;
}

} // namespace

UpstreamWord read_word(const Words& words) noexcept
{
    Word word = word_of_name(words.code);
    // A type is vaguer: beside a status or a code that tells something else it says nothing.
    if (word == Word::none && (words.code.empty() || words.status == 429))
        word = word_of_name(words.type);
    if (word == Word::none)
        word = word_of_status(words);
    const bool is_limit = word == Word::rate_limited && words.status != 503;
    return is_limit && is_request_over_limit(words.message) ? Word::request_over_limit : word;
}

int status_of(UpstreamWord word) noexcept
{
    switch (word) {
    case Word::rate_limited:
    case Word::quota:
    case Word::request_over_limit:
        return 429;
    case Word::server_error:
        return 500;
    case Word::overloaded:
        return 503;
    case Word::credentials:
        return 401;
    case Word::challenge:
        return 403;
    case Word::no_api:
        return 404;
    case Word::not_now:
        return 409;
    case Word::none:
    case Word::parent_not_found:
    case Word::tool_pairing:
    case Word::orphaned_reasoning:
    case Word::sealed:
    case Word::connection_limit:
    case Word::request_error:
        return 400;
    }
    return 400;
}

} // namespace turngate::accounts
