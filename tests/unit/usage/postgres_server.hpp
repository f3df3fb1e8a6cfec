#pragma once

#include "temp_dir.hpp"

#include <sys/types.h>

#include <string>

namespace turngate::usage {

// A PostgreSQL of the tests' own: a temporary directory, a Unix socket, no port. It refuses to run
// as root, so under root it runs as the user postgres (or nobody). It ends with this process.
class PostgresServer
{
public:
    PostgresServer(); // throws when there is none or it does not come up
    ~PostgresServer();

    // A schema is a database of its own, as far as a test can see; made when it is not there.
    std::string schema(const std::string& name) const; // its URL

    void stop();  // at once, as if it had crashed
    void start(); // again, on the same data

private:
    std::string url(const std::string& schema) const;

    TempDir dir_;
    pid_t pid_ = 0;
};

// The one of this test program; started by the first test that needs it.
PostgresServer& postgres_server();

} // namespace turngate::usage
