#include "line.hpp"

#include "turngate/core/bytes.hpp"

#include <algorithm>
#include <array>
#include <charconv>
#include <cmath>

namespace turngate::telemetry {
namespace {

std::string_view name_of(config::LogLevel level)
{
    switch (level) {
    case config::LogLevel::debug:
        return "debug";
    case config::LogLevel::info:
        return "info";
    case config::LogLevel::warn:
        return "warn";
    case config::LogLevel::error:
        return "error";
    }
    return "error";
}

// Milliseconds are enough for a line: 2026-11-01T12:00:00.123Z
std::string time_of(core::Timestamp at)
{
    std::string text = core::to_rfc3339(at);
    return text.erase(text.size() - 4, 3);
}

bool is_control(char c)
{
    return static_cast<unsigned char>(c) < 0x20 || c == 0x7f;
}

// U+0080 to U+009F: some terminals obey them.
bool is_wide_control(std::string_view text)
{
    return text.size() > 1 && text[0] == '\xc2' && static_cast<unsigned char>(text[1]) < 0xa0;
}

void append_escape(std::string& line, unsigned code)
{
    static constexpr char kDigits[] = "0123456789abcdef";
    line.append("\\u00");
    line.push_back(kDigits[code >> 4]);
    line.push_back(kDigits[code & 0x0f]);
}

// Valid in JSON, and readable in a text line.
void append_quoted(std::string& line, std::string_view text)
{
    line.push_back('"');
    for (; !text.empty(); text.remove_prefix(1)) {
        const char c = text[0];
        if (c == '"' || c == '\\')
            line.append({'\\', c});
        else if (c == '\n')
            line.append("\\n");
        else if (is_control(c))
            append_escape(line, static_cast<unsigned char>(c));
        else if (is_wide_control(text)) {
            append_escape(line, static_cast<unsigned char>(text[1]));
            text.remove_prefix(1);
        } else
            line.push_back(c);
    }
    line.push_back('"');
}

bool needs_quotes(std::string_view text)
{
    const auto is_special = [](char c) {
        return c == ' ' || c == '"' || c == '=' || is_control(c);
    };
    for (std::size_t i = 0; i < text.size(); ++i) {
        if (is_special(text[i]) || is_wide_control(text.substr(i)))
            return true;
    }
    return text.empty();
}

std::string clean(std::string_view text)
{
    return core::clean_utf8(text, std::string::npos);
}

// A URL may have a user and a password in it: ://user:password@host. They end at the last @ before
// the path; none of it is ever shown.
std::string without_userinfo(std::string_view text)
{
    constexpr std::string_view kBegin = "://";
    std::string shown;
    for (std::size_t begin = text.find(kBegin); begin != text.npos; begin = text.find(kBegin)) {
        begin += kBegin.size();
        shown.append(text.substr(0, begin));
        text.remove_prefix(begin);
        const std::string_view authority = text.substr(0, text.find_first_of("/?# \t\r\n\"'"));
        const std::size_t at = authority.rfind('@');
        if (at == authority.npos)
            continue;
        shown.append("***");
        text.remove_prefix(at);
    }
    return shown.append(text);
}

// A value is told to be cut by its end.
std::string cut(std::string_view whole_text, std::size_t most)
{
    std::string shown;
    std::string_view text = whole_text;
    if (text.find("://") != text.npos)
        text = shown = without_userinfo(text);

    constexpr std::string_view kMark = "\u2026";         // …
    std::string whole = clean(text.substr(0, 2 * most)); // bad bytes make it longer
    if (text.size() <= most && whole.size() <= most)
        return whole;
    return core::clean_utf8(whole, most - kMark.size()).append(kMark);
}

template <class Number>
void append_number(std::string& line, Number value)
{
    std::array<char, 40> text; // the shortest form of a double has 24
    const auto end = std::to_chars(text.data(), text.data() + text.size(), value).ptr;
    line.append(text.data(), end);
}

struct TextValue
{
    std::string& line;
    std::size_t most;

    void operator()(std::string_view value) const
    {
        const std::string text = cut(value, most);
        if (needs_quotes(text))
            append_quoted(line, text);
        else
            line.append(text);
    }
    void operator()(std::int64_t value) const { append_number(line, value); }
    void operator()(double value) const { append_number(line, value); }
    void operator()(bool value) const { line.append(value ? "true" : "false"); }
};

struct JsonValue
{
    std::string& line;
    std::size_t most;

    void operator()(std::string_view value) const { append_quoted(line, cut(value, most)); }
    void operator()(std::int64_t value) const { append_number(line, value); }
    void operator()(double value) const
    {
        if (std::isfinite(value))
            append_number(line, value);
        else
            line.append("null"); // JSON has no other word for it
    }
    void operator()(bool value) const { line.append(value ? "true" : "false"); }
};

} // namespace

std::string text_line(core::Timestamp at,
                      config::LogLevel level,
                      std::string_view event,
                      Fields fields,
                      std::size_t most)
{
    std::string line = time_of(at);
    line.push_back(' ');
    line.append(name_of(level)).resize(line.size() + 6 - name_of(level).size(), ' ');
    line.append(event);
    for (const Field& field : fields) {
        line.push_back(' ');
        line.append(field.name);
        line.push_back('=');
        std::visit(TextValue{line, most}, field.value);
    }
    return line;
}

std::string json_line(core::Timestamp at,
                      config::LogLevel level,
                      std::string_view event,
                      Fields fields,
                      std::size_t most)
{
    std::string line = "{\"ts\":\"" + time_of(at) + "\",\"level\":\"";
    line.append(name_of(level)).append("\",\"msg\":");
    append_quoted(line, clean(event));
    for (const Field& field : fields) {
        line.push_back(',');
        append_quoted(line, clean(field.name));
        line.push_back(':');
        std::visit(JsonValue{line, most}, field.value);
    }
    line.push_back('}');
    return line;
}

} // namespace turngate::telemetry
