#include "turngate/accounts/said.hpp"

#include "reset_after.hpp"
#include "said_fields.hpp"
#include "time_text.hpp"
#include "upstream_word.hpp"

#include "turngate/net/http.hpp"
#include "turngate/protocol/upstream_event.hpp"

namespace turngate::accounts {
namespace {

// 100 to 599 and nothing else is a status, also where it stands in a `code`.
int status_in(std::string_view text) noexcept
{
    const auto number = read_number(text);
    return number && *number >= 100 && *number < 600 ? static_cast<int>(*number) : 0;
}

// Third parties write the status into `error.code`; then it is no code.
void read_status(const SaidFields& fields, Words& words)
{
    const int in_code = status_in(words.code);
    if (in_code != 0 || read_number(words.code))
        words.code = {};
    if (words.status == 0)
        words.status = status_in(fields.first_of(&SaidPlace::status));
    if (words.status == 0)
        words.status = in_code;
}

Said conclude(const Words& words, const std::optional<Reset>& reset)
{
    Said said;
    said.word = read_word(words);
    said.status = words.status;
    said.message = std::string(words.message);
    const bool is_limit = said.word == UpstreamWord::rate_limited;
    if (reset)
        said.resets_in = reset->in;
    // A dial names no model, and plans and their windows are the account's.
    said.for_all_models = said.word == UpstreamWord::quota ||
                          (is_limit && (words.is_dial || (reset && reset->is_of_window)));
    return said;
}

} // namespace

Said read_said(const net::HttpResponse& refusal, core::Timestamp now, Refused what)
{
    const SaidFields fields = read_fields(refusal.body);
    Words words{.is_dial = what == Refused::dial,
                .is_answer = what == Refused::create,
                .is_json = fields.is_json && !refusal.headers.has("cf-mitigated"),
                .status = refusal.status,
                .code = fields.first_of(&SaidPlace::code),
                .type = fields.first_of(&SaidPlace::type),
                .message = fields.first_of(&SaidPlace::message),
                .param = fields.first_of(&SaidPlace::param)};
    read_status(fields, words);
    if (refusal.headers.has("cf-mitigated") && refusal.status < 500)
        return {.word = UpstreamWord::challenge, .status = refusal.status};
    const auto told = reset_after(refusal.headers, now);
    return conclude(words, told ? told : reset_after(fields, now));
}

Said read_said(const protocol::TerminalEvent& terminal, std::string_view event, core::Timestamp now)
{
    const SaidFields fields = read_fields(event);
    const auto or_field = [&](const std::string& known, std::string SaidPlace::* field) {
        return known.empty() ? fields.first_of(field) : std::string_view(known);
    };
    std::string_view type = fields.error.type;
    if (type.empty())
        type = fields.response_error.type; // the top level's is the event's own
    Words words{.status = terminal.status,
                .code = or_field(terminal.error_code, &SaidPlace::code),
                .type = type,
                .message = or_field(terminal.error_message, &SaidPlace::message),
                .param = fields.first_of(&SaidPlace::param)};
    read_status(fields, words);
    return conclude(words, reset_after(fields, now));
}

} // namespace turngate::accounts
