#include "turngate/protocol/background_event.hpp"

#include <gtest/gtest.h>

namespace turngate::protocol {
namespace {

TEST(BackgroundEvent, HasTheNumberThatItSays)
{
    EXPECT_EQ(peek_sequence_number(R"({"type":"a","sequence_number":7})"), 7);
    EXPECT_EQ(peek_sequence_number(R"({"sequence_number" : 0,"type":"a"})"), 0);
    for (const char* none : {R"({"type":"a"})",
                             R"({"type":"a","sequence_number":"7"})",
                             R"({"type":"a","sequence_number":1.5})",
                             R"({"type":"a","item":{"sequence_number":7}})"})
        EXPECT_FALSE(peek_sequence_number(none)) << none;
}

TEST(BackgroundEvent, IsGivenANumberInItsPlace)
{
    EXPECT_EQ(with_sequence_number(R"({"type":"a","sequence_number":7,"b":1})", 12),
              R"({"type":"a","sequence_number":12,"b":1})");
    EXPECT_EQ(with_sequence_number(R"({"type":"a","item":{"sequence_number":7}})", 3),
              R"({"type":"a","sequence_number":3,"item":{"sequence_number":7}})");
    EXPECT_EQ(with_sequence_number(R"({"b":1})", 3), R"({"sequence_number":3,"b":1})");
    EXPECT_EQ(with_sequence_number("{}", 3), R"({"sequence_number":3})");
    EXPECT_EQ(with_sequence_number(R"({"type":"a","sequence_number":null})", 3),
              R"({"type":"a","sequence_number":3})");
}

TEST(ResponseObject, GetsMembersAndKeepsItsOwn)
{
    const Member members[] = {{"background", "true"}, {"status", R"("cancelled")"}};
    EXPECT_EQ(with_members(R"({"id":"r","status":"queued","background":false})", members),
              R"({"id":"r","status":"cancelled","background":true})");
    EXPECT_EQ(with_members(R"({"id":"r"})", members),
              R"({"background":true,"status":"cancelled","id":"r"})");
}

TEST(ResponseObject, TakesItsEndFromABareOne)
{
    const char* const known = R"({"id":"r","created_at":1,"status":"in_progress","error":null})";
    const char* const bare = R"({"id":"r","status":"failed","error":{"code":"x"},"output":[]})";
    EXPECT_FALSE(is_bare(known));
    EXPECT_TRUE(is_bare(bare));
    EXPECT_EQ(with_end_of(known, bare),
              R"({"id":"r","created_at":1,"status":"failed","error":{"code":"x"}})");
    EXPECT_EQ(event_with("response.failed", "{}"), R"({"type":"response.failed","response":{}})");
}

} // namespace
} // namespace turngate::protocol
