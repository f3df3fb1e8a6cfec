#include "postgres_server.hpp"

#include <grp.h>
#include <gtest/gtest.h>
#include <pqxx/pqxx>
#include <pwd.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <unistd.h>

#include <chrono>
#include <csignal>
#include <fcntl.h>
#include <memory>
#include <stdexcept>
#include <thread>
#include <vector>

namespace turngate::usage {
namespace {

using namespace std::chrono_literals;
namespace fs = std::filesystem;

// Debian keeps the server's programs out of PATH.
std::string program(const std::string& name)
{
    std::string best;
    std::error_code none;
    for (const auto& version : fs::directory_iterator("/usr/lib/postgresql", none)) {
        const std::string path = (version.path() / "bin" / name).string();
        if (::access(path.c_str(), X_OK) == 0)
            best = std::max(best, path);
    }
    return best.empty() ? name : best; // else as PATH has it
}

const ::passwd* somebody()
{
    const ::passwd* user = ::getpwnam("postgres");
    return user ? user : ::getpwnam("nobody");
}

// In the child, before exec. Nothing here allocates: the parent may have threads.
void become(const ::passwd* user)
{
    if (user && (::setgroups(0, nullptr) != 0 || ::setgid(user->pw_gid) != 0 ||
                 ::setuid(user->pw_uid) != 0))
        ::_exit(126);
    ::prctl(PR_SET_PDEATHSIG, SIGQUIT);
}

pid_t start_program(std::vector<std::string> words, const std::string& log)
{
    const ::passwd* user = ::getuid() == 0 ? somebody() : nullptr;
    std::vector<char*> args;
    for (std::string& word : words)
        args.push_back(word.data());
    args.push_back(nullptr);
    const int out = ::open(log.c_str(), O_WRONLY | O_CREAT | O_APPEND | O_CLOEXEC, 0644);
    const pid_t pid = ::fork();
    if (pid == 0) {
        become(user);
        ::dup2(out, 1);
        ::dup2(out, 2);
        ::execvp(args[0], args.data());
        ::_exit(127);
    }
    ::close(out);
    return pid;
}

bool takes_connections(const std::string& url)
{
    try {
        pqxx::connection connection(url);
        return true;
    } catch (const std::exception&) {
        return false;
    }
}

std::unique_ptr<PostgresServer>& the_server()
{
    static std::unique_ptr<PostgresServer> server;
    return server;
}

class StopsAtTheEnd final : public testing::Environment
{
    void TearDown() override { the_server().reset(); }
};

const auto* const kStopsAtTheEnd = testing::AddGlobalTestEnvironment(new StopsAtTheEnd);

} // namespace

PostgresServer::PostgresServer()
{
    if (const ::passwd* user = somebody(); ::getuid() == 0 && user) {
        if (::chown(dir_.path().c_str(), user->pw_uid, user->pw_gid) != 0)
            throw std::runtime_error("cannot give the directory to " + std::string(user->pw_name));
    }
    const std::string log = dir_ / "log";
    const pid_t initdb = start_program({program("initdb"),
                                        "--pgdata=" + dir_ / "data",
                                        "--username=turngate",
                                        "--auth=trust",
                                        "--encoding=UTF8",
                                        "--locale=C",
                                        "--no-sync"},
                                       log);
    int status = -1;
    if (::waitpid(initdb, &status, 0) != initdb || status != 0)
        throw std::runtime_error("initdb failed (is postgresql installed?): " + contents_of(log));
    start();
}

PostgresServer::~PostgresServer()
{
    stop();
}

void PostgresServer::start()
{
    const std::string log = dir_ / "log";
    pid_ = start_program({program("postgres"),
                          "-D",
                          dir_ / "data",
                          "-k",
                          dir_.path(),
                          "-h",
                          "",
                          "-F",
                          "-c",
                          "shared_buffers=16MB"},
                         log);
    const auto deadline = std::chrono::steady_clock::now() + 60s;
    while (!takes_connections(url("public"))) {
        if (std::chrono::steady_clock::now() > deadline || ::waitpid(pid_, nullptr, WNOHANG) != 0)
            throw std::runtime_error("postgres does not come up: " + contents_of(log));
        std::this_thread::sleep_for(10ms);
    }
}

void PostgresServer::stop()
{
    if (pid_ == 0)
        return;
    ::kill(pid_, SIGQUIT);
    ::waitpid(pid_, nullptr, 0);
    pid_ = 0;
}

std::string PostgresServer::url(const std::string& schema) const
{
    return "postgresql://turngate@/postgres?host=" + dir_.path() + "&options=-csearch_path%3D" +
           schema;
}

std::string PostgresServer::schema(const std::string& name) const
{
    pqxx::connection connection(url("public"));
    pqxx::work work(connection);
    work.exec("SET LOCAL client_min_messages = warning; CREATE SCHEMA IF NOT EXISTS " +
              work.quote_name(name));
    work.commit();
    return url(name);
}

PostgresServer& postgres_server()
{
    if (!the_server())
        the_server() = std::make_unique<PostgresServer>();
    return *the_server();
}

} // namespace turngate::usage
