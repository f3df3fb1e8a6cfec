#include "turngate/protocol/models.hpp"

#include <gtest/gtest.h>

#include <nlohmann/json.hpp>

namespace turngate::protocol {
namespace {

using Ids = std::vector<std::string>;

TEST(ModelIds, AreThoseOfTheEntries)
{
    EXPECT_EQ(
        read_model_ids(R"({"object":"list","data":[{"id":"a","owned_by":"x"},)"
                       R"({"object":"model","id":"b\u002fc"},{"id":"d"}],"models":[{"id":1}]})",
                       10),
        (Ids{"a", "b/c", "d"}));
    EXPECT_EQ(read_model_ids(R"({"data":[{"id":"a"},{"id":"b"}]})", 1), Ids{"a"});
}

TEST(ModelIds, AreNoneOfWhatIsNoList)
{
    const std::string long_id(300, 'x');
    for (const std::string& body : {std::string(),
                                    std::string("[]"),
                                    std::string("<html>"),
                                    std::string(R"({"data":"a"})"),
                                    std::string(R"({"data":[1,"a",[],{},{"id":7},{"id":""}]})"),
                                    std::string(R"({"data":[{"id":"a"}])"),
                                    std::string(R"({"data":[{"id":"a"},)"),
                                    R"({"data":[{"id":")" + long_id + R"("}]})"})
        EXPECT_EQ(read_model_ids(body, 10), Ids()) << body;
}

TEST(ModelsBody, ServesAllWhoAsk)
{
    const auto body = nlohmann::json::parse(models_body({"a", "b\"c"}, 17, R"([{"slug":"a"}])"));
    EXPECT_EQ(body["object"], "list");
    EXPECT_EQ(body["data"].size(), 2);
    EXPECT_EQ(body["data"][1], nlohmann::json::parse(model_body("b\"c", 17)));
    EXPECT_EQ(body["data"][1]["id"], "b\"c");
    EXPECT_EQ(body["data"][0]["created"], 17);
    EXPECT_EQ(body["models"][0]["slug"], "a");
    EXPECT_EQ(nlohmann::json::parse(models_body({}, 0, {})),
              nlohmann::json::parse(R"({"object":"list","data":[],"models":[]})"));
}

} // namespace
} // namespace turngate::protocol
