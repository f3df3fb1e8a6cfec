#pragma once

#include <string>

namespace turngate::usage {

// postgresql://… or key=value words. Throws std::runtime_error when libpq would not read it, or
// would take a part of the password for a part of something else: its messages show all parts but
// the password. Ours show none.
void check_postgres_url(const std::string& url);

} // namespace turngate::usage
