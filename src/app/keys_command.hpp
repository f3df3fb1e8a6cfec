#pragma once

#include <cstdint>
#include <string>

namespace turngate::app {

// `turngate keys …` and `turngate users …` (interface.md "Keys on the command line"). They need the
// repository, not a running daemon; a running one sees what they did within 5 s. Return exit codes.
struct NewKey
{
    std::string name;
    std::string user;
    std::string group = "default";
    std::string quota_usd; // empty: no limit
    std::int64_t rpm = 0;  // 0: no limit
    std::int64_t tpm = 0;
    std::string expires; // a date or an RFC 3339 time; empty: never
};

// Prints the secret, once and alone, on standard output.
int create_key(const std::string& config_path, const NewKey& wanted);
int list_keys(const std::string& config_path, bool json);
int revoke_key(const std::string& config_path, const std::string& name);

// What was paid in, for all of the user's bills; `none`: no limit.
int set_user(const std::string& config_path,
             const std::string& name,
             const std::string& balance_usd);

} // namespace turngate::app
