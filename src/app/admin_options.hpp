#pragma once

#include "turngate/admin/ledger_threads.hpp"
#include "turngate/config/config.hpp"

namespace turngate::app {

// With Postgres two of its connections are the settler's and the books'; who asks over admin HTTP
// takes what is left, or the books' one between their readings.
admin::LedgerThreads::Options ledger_options(const config::Config& config);

// What goes for the admin side after a reload. Its address is that of the start, and so is whether
// it needs a token: a configuration that has none, since it listens elsewhere, does not open it.
config::Admin admin_to_go_by(const config::Admin& first, const config::Admin& now);

} // namespace turngate::app
