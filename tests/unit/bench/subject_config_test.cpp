#include "subject_config.hpp"

#include "turngate/config/config.hpp"

#include <gtest/gtest.h>

#include <unistd.h>

#include <fstream>

namespace turngate::bench {
namespace {

namespace fs = std::filesystem;

struct Directory
{
    fs::path path;
    Directory()
    {
        std::string pattern = (fs::temp_directory_path() / "subject-config-XXXXXX").string();
        path = ::mkdtemp(pattern.data());
    }
    ~Directory() { fs::remove_all(path); }
};

TEST(SubjectConfig, IsOneThatTurngateTakes)
{
    const Directory directory;
    const fs::path file = directory.path / "config.yaml";
    const fs::path pricing = directory.path / "pricing.yaml";
    std::ofstream(pricing) << "version: 1\n";
    for (const Protocol upstream : {Protocol::ws, Protocol::http}) {
        std::ofstream(file) << turngate_config(
            {8080, 9000, directory.path}, upstream, 9090, pricing, "sk-bench");

        const auto loaded = config::load(file.string());
        for (const auto& complaint : loaded.complaints)
            ADD_FAILURE() << complaint.text();
        ASSERT_TRUE(loaded.config);
        EXPECT_EQ(loaded.config->server.listen.front(), "127.0.0.1:8080");
        EXPECT_EQ(loaded.config->server.threads, 1u);
        EXPECT_EQ(loaded.config->accounts.front().base_url, "http://127.0.0.1:9000/v1");
        EXPECT_EQ(loaded.config->keys.front().digest, core::sha256("sk-bench"));
        EXPECT_EQ(loaded.config->accounts.front().transport,
                  upstream == Protocol::ws ? config::Transport::ws : config::Transport::http);
    }
}

TEST(SubjectConfig, BindsAndConnectsOnLoopbackOnly)
{
    const Route route{8080, 9000, "/tmp/x"};
    for (const Protocol protocol : {Protocol::ws, Protocol::http})
        for (const std::string& text :
             {nginx_config(route, protocol, true), haproxy_config(route, protocol)}) {
            EXPECT_NE(text.find("127.0.0.1:8080"), text.npos);
            EXPECT_NE(text.find("127.0.0.1:9000"), text.npos);
            EXPECT_EQ(text.find("*:"), text.npos);
        }
    EXPECT_EQ(nginx_config(route, Protocol::ws, false).find("user "), std::string::npos);
}

TEST(SubjectConfig, KeepsProxiesFromHoldingBackEvents)
{
    const Route route{8080, 9000, "/tmp/x"};
    const std::string http = nginx_config(route, Protocol::http, false);
    for (const char* line : {"proxy_buffering off;", "keepalive 1024;", "Connection \"\";"})
        EXPECT_NE(http.find(line), http.npos) << line;
    EXPECT_EQ(http.find("upgrade"), http.npos);
    EXPECT_NE(haproxy_config(route, Protocol::http).find("option http-no-delay"), http.npos);
    EXPECT_EQ(haproxy_config(route, Protocol::ws).find("http-no-delay"), http.npos);
    const std::string ws = nginx_config(route, Protocol::ws, false);
    EXPECT_NE(ws.find("Connection upgrade;"), ws.npos);
    EXPECT_EQ(ws.find("proxy_buffering"), ws.npos);
}

} // namespace
} // namespace turngate::bench
