#pragma once

#include "turngate/config/config.hpp"

#include "turngate/config/section.hpp"

#include <set>
#include <string>

namespace turngate::config {

using Names = std::set<std::string, std::less<>>;

// One for each part of the file. Groups and users are read before the accounts and keys that name
// them.
void read_server(Section server, Server& out);
void read_admin(Section admin, Admin& out);
void read_groups(const Value& groups, Config& config);
void read_users(const Value& users, Config& config);
void read_accounts(const Value& accounts, Config& config);
void read_keys(const Value& keys, bool has_users, Config& config);
void read_turns(Section& root, Config& config); // lanes, relay, pool, continuity, recovery
void read_state(Section state, State& out);
void read_scheduler(Section scheduler, Scheduler& out);
void read_usage(Section usage, Usage& out);
void read_limits(Section limits, Limits& out);
void read_http(Section http, Http& out);
void read_background(Section background, Background& out);
void read_models(Section models, Models& out);
void read_log(Section log, Log& out);

// What several of them do.
void read_name(const Value& value,
               std::string& out,
               Names& taken); // required, printable, not taken yet
void read_mode(const Value& value, Mode& out);
// Addresses or CIDR blocks; `word`: may stand there too, if it is not empty.
void read_blocks(const Value& value, std::vector<std::string>& out, std::string_view word = {});
void read_group_name(const Value& value, const Config& config, std::string& out); // one that exists
void check_group(const Value& value, const Config& config, std::string_view name);

} // namespace turngate::config
