#pragma once

#include "turngate/usage/ledger.hpp"

#include <ostream>
#include <string>

namespace turngate::usage {

// {"data":[…],"next_cursor":…}, as /api/v1/usage and `turngate usage --json` give it.
std::string to_json(const UsagePage& page);
std::string to_json(const std::vector<UsageSum>& sums, GroupBy by);

// RFC 4180: a line of names, then a line each, with the fields of the JSON in its order; nothing is
// an empty field. A text that a spreadsheet would take for a formula has a ' before it.
std::string to_csv(const UsagePage& page);
std::string to_csv(const std::vector<UsageSum>& sums, GroupBy by);

// Keys: never the secret, nor its digest.
std::string to_json(const StoredKey& key);
std::string to_json(const std::vector<StoredKey>& keys);
void print(std::ostream& out, const std::vector<StoredKey>& keys);

std::string to_json(const UserBalance& user);
std::string to_json(const std::vector<UserBalance>& users);
std::string to_json(const UserBalance& user, const std::vector<CreditEntry>& book);
void print(std::ostream& out, const std::vector<UserBalance>& users);
void print(std::ostream& out, const std::vector<CreditEntry>& book);

std::string to_json(const std::vector<DeadLetter>& letters);
void print(std::ostream& out, const std::vector<DeadLetter>& letters);

// Tables for people: columns aligned, dollars with six digits, a total line. So are those above.
void print(std::ostream& out, const UsagePage& page);
void print(std::ostream& out, const std::vector<UsageSum>& sums, GroupBy by);

} // namespace turngate::usage
