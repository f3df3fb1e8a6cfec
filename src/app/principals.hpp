#pragma once

#include "turngate/config/config.hpp"
#include "turngate/usage/ledger.hpp"

#include <cstdint>
#include <optional>
#include <stdexcept>
#include <string>
#include <vector>

namespace turngate::app {

// What operators do to the keys and users of the repository, said as people say it: "25.00",
// "2027-01-31", "none". The command line and admin HTTP are two doors to it. The configuration wins
// on equal names, so what it has cannot be changed here.

// What was asked for cannot be done; nothing was.
class Refused : public std::invalid_argument
{
public:
    enum class Why : std::uint8_t { mistaken, unknown, taken };
    Refused(Why why, const std::string& field, const std::string& what)
        : std::invalid_argument(field + ": " + what), why(why)
    {
    }

    const Why why;
};

struct NewKey
{
    std::string name;
    std::string user;
    std::string group = "default";
    std::string quota_usd; // empty, none: no limit
    std::int64_t rpm = 0;  // 0: no limit
    std::int64_t tpm = 0;
    std::string expires; // a date or an RFC 3339 time; empty, none: never
};

struct MadeKey
{
    usage::StoredKey key;
    std::string secret; // which nobody keeps
};

MadeKey make_key(usage::Ledger& ledger, const config::Config& config, const NewKey& wanted);

struct KeyEdit // nothing: as it is
{
    std::optional<std::string> quota_usd;
    std::optional<std::int64_t> rpm;
    std::optional<std::int64_t> tpm;
    std::optional<std::string> expires;
};

usage::StoredKey change_key(usage::Ledger& ledger,
                            const config::Config& config,
                            const std::string& name,
                            const KeyEdit& edit);

usage::StoredKey revoke_key(usage::Ledger& ledger,
                            const config::Config& config,
                            const std::string& name);

// "25", "+25" or "-5" dollars more of credit.
usage::UserBalance add_credit(usage::Ledger& ledger,
                              const config::Config& config,
                              const std::string& user,
                              const std::string& usd,
                              const usage::CreditReason& reason);

// All that was paid in, for all of the user's bills; "none": no limit.
usage::UserBalance set_credit(usage::Ledger& ledger,
                              const config::Config& config,
                              const std::string& user,
                              const std::string& usd,
                              const usage::CreditReason& reason);

// Of the repository and of the configuration, by name.
std::vector<usage::UserBalance> list_users(usage::Ledger& ledger, const config::Config& config);
usage::UserBalance find_user(usage::Ledger& ledger,
                             const config::Config& config,
                             const std::string& name);

// Dead letters tried again: all that there are, or the one of a response.
struct Retried
{
    std::size_t settled = 0;
    std::vector<std::pair<std::string, std::string>> refused; // response_uid, why
};

Retried retry_letters(usage::Ledger& ledger);
Retried retry_letter(usage::Ledger& ledger, const std::string& response_uid);
std::string to_json(const Retried& retried);

} // namespace turngate::app
