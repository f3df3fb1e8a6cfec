#include "turngate/access/principal.hpp"

#include <gtest/gtest.h>

#include <map>
#include <random>
#include <string>
#include <utility>

namespace turngate::access {
namespace {

TEST(Tenant, OfPlainNamesIsReadable)
{
    EXPECT_EQ(tenant_of("default", "alice"), "default/alice");
    EXPECT_EQ(tenant_of("a/b", "c"), "a%2Fb/c");
    EXPECT_NE(tenant_of("a", "b/c"), tenant_of("a/b", "c"));
}

TEST(Tenant, IsOfOneGroupAndUserWhateverTheyAreCalled)
{
    std::mt19937 random(7);
    const auto name = [&] {
        constexpr std::string_view kLetters = "ab/%2F5";
        std::string text;
        for (auto n = random() % 5; n > 0; --n)
            text.push_back(kLetters[random() % kLetters.size()]);
        return text;
    };
    std::map<std::string, std::pair<std::string, std::string>> whose;
    for (int i = 0; i < 50'000; ++i) {
        const std::pair names(name(), name());
        const auto [found, is_new] = whose.emplace(tenant_of(names.first, names.second), names);
        EXPECT_EQ(found->second, names) << found->first;
    }
}

TEST(Tenant, IsWhatAPrincipalHas)
{
    const auto state = state::make_memory_state();
    UserSlots slots(*state);
    config::Config config;
    const auto add = [&config](const std::string& user, const std::string& group) {
        config.groups.emplace_back().name = group;
        config.users.emplace_back().name = user;
        config::Key& key = config.keys.emplace_back();
        key.name = key.user = user;
        key.group = group;
        key.digest = core::sha256(user);
    };
    add("b/c", "a");
    add("c", "a/b");
    const KeyRing ring(config, slots);
    EXPECT_NE(ring.find("b/c")->tenant, ring.find("c")->tenant);
}

} // namespace
} // namespace turngate::access
