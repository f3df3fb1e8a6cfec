#include "line.hpp"

#include "turngate/telemetry/log_whole.hpp"

#include "seldom.hpp"

#include <gtest/gtest.h>
#include <nlohmann/json.hpp>

#include <algorithm>
#include <cmath>
#include <limits>
#include <sstream>
#include <thread>
#include <vector>

namespace turngate::telemetry {
namespace {

using config::LogFormat;
using config::LogLevel;
using namespace std::chrono;
using namespace std::string_literals;

constexpr core::Timestamp kNoon = sys_days(year(2026) / 11 / 1) + hours(12) + microseconds(123'456);

std::string text_of(Fields fields)
{
    return text_line(kNoon, LogLevel::info, "e", fields).substr(33);
}

nlohmann::json json_of(Fields fields)
{
    return nlohmann::json::parse(json_line(kNoon, LogLevel::info, "e", fields));
}

// What goes to standard error while it lives.
class Captured
{
public:
    explicit Captured(config::Log log)
    {
        start_log(log);
        flush_log(seconds(10)); // what is not ours
        testing::internal::CaptureStderr();
    }
    ~Captured() { start_log({}); }

    std::vector<std::string> lines()
    {
        EXPECT_TRUE(flush_log(seconds(10)));
        std::istringstream all(testing::internal::GetCapturedStderr());
        std::vector<std::string> lines;
        for (std::string line; std::getline(all, line);)
            lines.push_back(line);
        return lines;
    }
};

TEST(Line, HasTimeLevelEventAndFields)
{
    EXPECT_EQ(text_line(kNoon,
                        LogLevel::info,
                        "turn ended",
                        {{"account", "main"}, {"ms", 12}, {"openai_ws_mode", true}}),
              "2026-11-01T12:00:00.123Z info  turn ended account=main ms=12 openai_ws_mode=true");
    EXPECT_EQ(text_line(kNoon, LogLevel::error, "x", {}), "2026-11-01T12:00:00.123Z error x");
    EXPECT_EQ(
        json_line(kNoon, LogLevel::warn, "turn ended", {{"account", "main"}, {"ms", 1.5}}),
        R"({"ts":"2026-11-01T12:00:00.123Z","level":"warn","msg":"turn ended","account":"main","ms":1.5})");
}

TEST(Line, StaysOneLineWhateverItsTextValuesHold)
{
    const std::pair<std::string, std::string_view> rows[] = {
        {"plain", "plain"},
        {"", R"("")"},
        {"a b", R"("a b")"},
        {"a=b", R"("a=b")"},
        {"say \"hi\"", R"("say \"hi\"")"},
        {"back\\slash", "back\\slash"},
        {"a b\\", R"("a b\\")"},
        {"a\nb", R"("a\nb")"},
        {"a\r\tb", R"("a\u000d\u0009b")"},
        {"\x1b[31m", R"("\u001b[31m")"},
        {"\x7f", R"("\u007f")"},
        {"\xc2\x9b"s + "31m", R"("\u009b31m")"},
        {"\xc3\xa4", "\xc3\xa4"},
        {"a\xff", "a\xef\xbf\xbd"},
    };
    for (const auto& [value, expected] : rows)
        EXPECT_EQ(text_of({{"f", value}}), "f=" + std::string(expected));
}

TEST(Line, NeverShowsTheSecretsOfAUrl)
{
    const char* rows[][2] = {
        {"redis://user:pw@host:1/0", "redis://***@host:1/0"},
        {"postgresql://u:p@ss@db/x", "postgresql://***@db/x"},
        {"no connection to 'redis://:pw@h', nor to http://a@b/c@d",
         "no connection to 'redis://***@h', nor to http://***@b/c@d"},
        {"https://host/a@b", "https://host/a@b"},
        {"redis://", "redis://"},
        {"a@b", "a@b"},
    };
    for (const auto& [said, shown] : rows)
        EXPECT_EQ(json_of({{"why", said}})["why"], shown);
    const std::string longer = "redis://u:" + std::string(300, 'p') + "@host/0";
    EXPECT_EQ(json_of({{"why", longer}})["why"], "redis://***@host/0");
}

TEST(Line, PrintsNumbersExactly)
{
    EXPECT_EQ(text_of({{"n", std::numeric_limits<std::int64_t>::min()}}), "n=-9223372036854775808");
    EXPECT_EQ(text_of({{"x", 0.1}}), "x=0.1");
    EXPECT_EQ(text_of({{"b", false}}), "b=false");
    EXPECT_EQ(json_of({{"n", std::numeric_limits<std::int64_t>::max()}})["n"],
              std::numeric_limits<std::int64_t>::max());
    EXPECT_EQ(json_of({{"x", 0.1}})["x"], 0.1);
    EXPECT_TRUE(json_of({{"x", std::nan("")}})["x"].is_null());
    EXPECT_TRUE(json_of({{"x", std::numeric_limits<double>::infinity()}})["x"].is_null());
    EXPECT_EQ(json_of({{"b", true}})["b"], true);
}

TEST(Line, IsValidJsonForAnyTwoBytes)
{
    for (int high = 0; high < 256; ++high) {
        for (int low = 0; low < 256; ++low) {
            const std::string value{static_cast<char>(high), static_cast<char>(low)};
            const std::string line = json_line(kNoon, LogLevel::info, value, {{"f", value}});
            ASSERT_TRUE(nlohmann::json::accept(line)) << line;
            ASSERT_EQ(line.find('\n'), line.npos) << line;
        }
    }
    EXPECT_EQ(json_of({{"f", "a\"\\\n\t\xc3\xa4"}})["f"], "a\"\\\n\t\xc3\xa4");
}

TEST(Line, CutsValuesAt256BytesBetweenCharacters)
{
    const std::string most(256, 'x');
    const std::string umlauts = [] {
        std::string text;
        for (int i = 0; i < 200; ++i)
            text += "\xc3\xa4";
        return text;
    }();
    const std::pair<std::string, std::string> rows[] = {
        {most, most},
        {most + "x", std::string(253, 'x') + "\u2026"},
        {std::string(1 << 20, 'x'), std::string(253, 'x') + "\u2026"},
        {umlauts, umlauts.substr(0, 252) + "\u2026"},
        {"x" + umlauts, "x" + umlauts.substr(0, 252) + "\u2026"},
        {std::string(85, '\xff'), json_of({{"f", std::string(85, '\xff')}})["f"]},
    };
    for (const auto& [value, expected] : rows) {
        EXPECT_EQ(text_of({{"f", value}}), "f=" + expected);
        EXPECT_EQ(json_of({{"f", value}})["f"], expected);
    }
    const std::string bad = json_of({{"f", std::string(200, '\xff')}})["f"]; // three bytes each
    EXPECT_LE(bad.size(), 256u);
    EXPECT_TRUE(bad.ends_with("\ufffd\u2026"));
}

TEST(Log, KeepsWholeWhatWouldBeLostWithAPart)
{
    Captured captured({LogLevel::info, LogFormat::json});
    const std::string record(2'000, 'x');
    log_error_whole("bill not written", {{"record", record}});
    const auto line = nlohmann::json::parse(captured.lines().at(0));
    EXPECT_EQ(line["record"], record);
    EXPECT_EQ(line["level"], "error");
}

TEST(Log, WarnsOnceAnHourOfEachSubject)
{
    Captured captured({LogLevel::info, LogFormat::text});
    for (int i = 0; i < 3; ++i) {
        log_warn_hourly("a model has no price", {"model", "a"});
        log_warn_hourly("a model has no price", {"model", "b"});
    }
    const auto lines = captured.lines();
    ASSERT_EQ(lines.size(), 2u);
    EXPECT_EQ(lines[0].substr(25), "warn  a model has no price model=a");
    EXPECT_EQ(lines[1].substr(25), "warn  a model has no price model=b");
}

TEST(Seldom, SaysEachThingOnceInAPause)
{
    Seldom seldom(seconds(10), 2);
    const core::Deadline start{};
    EXPECT_TRUE(seldom.is_due("a", start));
    EXPECT_FALSE(seldom.is_due("a", start + milliseconds(9999)));
    EXPECT_TRUE(seldom.is_due("b", start + seconds(1)));
    EXPECT_FALSE(seldom.is_due("c", start + seconds(2))) << "it remembers two";
    EXPECT_TRUE(seldom.is_due("a", start + seconds(10)) &&
                !seldom.is_due("a", start + seconds(11)));
    EXPECT_TRUE(seldom.is_due("c", start + seconds(12))) << "b may be forgotten";
}

TEST(Log, KeepsWhatIsBelowTheLevel)
{
    Captured captured({LogLevel::warn, LogFormat::text});
    EXPECT_FALSE(logs(LogLevel::debug));
    EXPECT_FALSE(logs(LogLevel::info));
    EXPECT_TRUE(logs(LogLevel::warn));
    log_debug("one");
    log_info("two");
    log_warn("three", {{"n", 3}});
    log_error("four");
    const auto lines = captured.lines();
    ASSERT_EQ(lines.size(), 2u);
    EXPECT_EQ(lines[0].substr(25), "warn  three n=3");
    EXPECT_EQ(lines[1].substr(25), "error four");
}

TEST(Log, ChangesLevelAndFormatWhileItRuns)
{
    Captured captured({LogLevel::info, LogFormat::text});
    log_debug("unheard");
    start_log({LogLevel::debug, LogFormat::json});
    log_debug("heard {not a format}", {{"s", "%v {}"}});
    const auto lines = captured.lines();
    ASSERT_EQ(lines.size(), 1u);
    const auto line = nlohmann::json::parse(lines[0]);
    EXPECT_EQ(line["msg"], "heard {not a format}");
    EXPECT_EQ(line["level"], "debug");
    EXPECT_EQ(line["s"], "%v {}");
}

TEST(Log, KeepsLinesOfSeveralThreadsWhole)
{
    Captured captured({LogLevel::info, LogFormat::text});
    const std::string value(256, 'x');
    {
        std::vector<std::jthread> threads;
        for (int i = 0; i < 4; ++i)
            threads.emplace_back([&] {
                for (int n = 0; n < 50; ++n)
                    log_info("line", {{"value", value}});
            });
    }
    const auto lines = captured.lines();
    EXPECT_EQ(lines.size(), 200u);
    EXPECT_TRUE(std::ranges::all_of(lines, [&](const std::string& line) {
        return line.substr(25) == "info  line value=" + value;
    }));
}

TEST(Redact, ShowsTheEndsOfLongSecretsOnly)
{
    EXPECT_EQ(redact("sk-proj-0123456789abcdefghij"), "sk-proj...ghij");
    EXPECT_EQ(redact("0123456789012345678901"), "0123456...8901");
    EXPECT_EQ(redact("012345678901234567890"), "...");
    EXPECT_EQ(redact("short"), "...");
    EXPECT_EQ(redact(""), "...");
}

} // namespace
} // namespace turngate::telemetry
