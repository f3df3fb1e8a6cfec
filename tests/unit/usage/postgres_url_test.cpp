#include "postgres_url.hpp"

#include <gtest/gtest.h>

#include <stdexcept>

namespace turngate::usage {
namespace {

TEST(PostgresUrl, IsRead)
{
    for (const char* url : {"postgresql://u@/db?host=/run/postgresql",
                            "postgres://u:p%40ss%2Fword@host:5432/db?sslmode=require",
                            "postgresql://host/db",
                            "host=/run/postgresql dbname=db password='p@ss word'",
                            ""})
        EXPECT_NO_THROW(check_postgres_url(url)) << url;
}

TEST(PostgresUrl, ThatCannotBeReadShowsNothingOfThePassword)
{
    for (const char* url : {"postgresql://u:secr@et@host/db",
                            "postgresql://u:secr/et@host/db",
                            "postgresql://u:secr?et@host/db",
                            "postgresql://u:secr#et@host/db",
                            "postgresql://u:secr%et@host/db",
                            "postgresql://u:secr%zzet@host/db",
                            "postgresql://host/db?password=secr&et",
                            "postgresql://host/db?password=secr=et",
                            "postgresql://host/db?secret",
                            "host=/run password=secr et",
                            "host=/run password='secret",
                            "mysql://secret"}) {
        try {
            check_postgres_url(url);
            ADD_FAILURE() << url;
        } catch (const std::runtime_error& said) {
            const std::string what = said.what();
            EXPECT_EQ(what.find("secr"), std::string::npos) << what;
            EXPECT_EQ(what.find("et@"), std::string::npos) << what;
            EXPECT_NE(what.find("usage.postgres.url"), std::string::npos) << what;
        }
    }
}

} // namespace
} // namespace turngate::usage
