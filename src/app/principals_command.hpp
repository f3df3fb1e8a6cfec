#pragma once

#include "principals.hpp"

#include <string>

namespace turngate::app {

// `turngate keys …`, `turngate users …` and `turngate dead-letters …` (interface.md "Keys on the
// command line"). They need the repository, not a running daemon; a running one sees what they did
// within 5 s. Return exit codes.

// Prints the secret, once and alone, on standard output.
int create_key(const std::string& config_path, const NewKey& wanted);
int set_key(const std::string& config_path, const std::string& name, const KeyEdit& edit);
int list_keys(const std::string& config_path, bool json);
int revoke_key(const std::string& config_path, const std::string& name);

struct CreditChange
{
    std::string user;
    std::string usd;
    std::string note;
};

int set_user(const std::string& config_path, const CreditChange& change);
int credit_user(const std::string& config_path, const CreditChange& change);
int list_users(const std::string& config_path, bool json);
int show_user(const std::string& config_path, const std::string& name, bool json);

int list_letters(const std::string& config_path, unsigned limit, bool json);

// Empty: all of them. Exit code 4 when some are refused again.
int retry_letters(const std::string& config_path, const std::string& response_uid, bool json);

} // namespace turngate::app
