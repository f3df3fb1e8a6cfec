#include "routes.hpp"

#include <gtest/gtest.h>

namespace turngate::gateway {
namespace {

using How = Route::How;

// A conversation that lives on A, whole in the chain.
Routes all_routes()
{
    Routes routes;
    routes.add({How::here, "A", 7});
    routes.add({How::by_id, "A"});
    routes.add({How::rebuilt, "A"});
    routes.add({How::rebuilt});
    return routes;
}

std::string list(const Routes& routes)
{
    std::string text;
    for (const Route& route : routes.all())
        text += (text.empty() ? "" : " ") + std::string(name_of(route.how)) +
                (route.account.empty() ? "" : ":" + route.account);
    for (const std::string& account : routes.failed())
        text += " -" + account;
    return text;
}

TEST(Routes, LoseWhatAFailureRulesOut)
{
    const struct
    {
        Route tried;
        Strike strike;
        const char* left;
    } rows[] = {
        {{How::here, "A", 7}, Strike::nothing, "here:A by_id:A rebuilt:A rebuilt"},
        {{How::here, "A", 7}, Strike::route, "by_id:A rebuilt:A rebuilt"},
        {{How::here, "A", 7}, Strike::context, "rebuilt:A rebuilt"},
        {{How::here, "A", 7}, Strike::account, "rebuilt -A"},
        {{How::by_id, "A"}, Strike::route, "here:A rebuilt:A rebuilt"},
        {{How::by_id, "A"}, Strike::context, "rebuilt:A rebuilt"},
        {{How::by_id, "A"}, Strike::account, "rebuilt -A"},
        {{How::rebuilt, "A"}, Strike::route, "here:A by_id:A rebuilt"},
        {{How::rebuilt, "A"}, Strike::context, ""},
        {{How::rebuilt}, Strike::context, ""},
        {{How::rebuilt}, Strike::route, "here:A by_id:A rebuilt:A"},
    };
    for (const auto& row : rows)
        EXPECT_EQ(list(all_routes().after(row.strike, row.tried, "A")), row.left)
            << name_of(row.tried.how) << " " << static_cast<int>(row.strike);
}

TEST(Routes, AreTheWholeWhereItsRestWillNotDo)
{
    Routes routes;
    const Route shortened{How::shortened, "A", 7};
    routes.add(shortened);
    routes.add({});
    EXPECT_EQ(list(routes.after(Strike::route, shortened, "A")), "fresh");
    EXPECT_EQ(list(routes.after(Strike::context, shortened, "A")), "fresh");
    EXPECT_EQ(list(routes.after(Strike::account, shortened, "A")), "fresh -A");
}

TEST(Routes, KeepTheOneThatAnyAccountMayTake)
{
    Routes routes;
    routes.add({});
    const Routes once = routes.after(Strike::account, {}, "A");
    EXPECT_EQ(list(once), "fresh -A");
    const Routes twice = once.after(Strike::account, {}, "B");
    EXPECT_EQ(list(twice), "fresh -A -B");
    EXPECT_EQ(list(twice.after(Strike::account, {}, "A")),
              "fresh -B -A"); // failed last: tried last
    EXPECT_TRUE(twice.has_failed("B"));
    EXPECT_FALSE(twice.has_failed("C"));
    EXPECT_EQ(list(routes), "fresh"); // a value
}

} // namespace
} // namespace turngate::gateway
