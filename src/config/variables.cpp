#include "variables.hpp"

#include <algorithm>
#include <cstdlib>

namespace turngate::config {
namespace {

// Private-use characters: plain text to YAML everywhere. All are three bytes.
constexpr std::string_view kOpen = "\uE000";    // ${
constexpr std::string_view kClose = "\uE001";   // its }
constexpr std::string_view kLiteral = "\uE002"; // $${

struct Mark
{
    std::string_view mark;
    std::string_view written;
};

constexpr Mark kMarks[] = {{kOpen, "${"}, {kClose, "}"}, {kLiteral, "$${"}};

bool is_name(std::string_view name)
{
    const auto is_letter = [](char c) {
        return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || c == '_';
    };
    const auto is_digit = [](char c) { return c >= '0' && c <= '9'; };
    return !name.empty() && is_letter(name[0]) &&
           std::ranges::all_of(name, [&](char c) { return is_letter(c) || is_digit(c); });
}

// The body between the braces: NAME or NAME:-default.
void expand_variable(std::string_view body, Expanded& into)
{
    const std::size_t at = body.find(":-");
    const std::string name(body.substr(0, at));
    if (body.find(kOpen) != body.npos)
        return into.complaints.push_back("has a ${…} inside another, which cannot be");
    if (!is_name(name))
        return into.complaints.push_back("has a ${…} whose name is not letters, digits and _");

    const char* value = std::getenv(name.c_str());
    if (at != body.npos && (value == nullptr || *value == '\0'))
        into.text.append(body.substr(at + 2));
    else if (value != nullptr)
        into.text.append(value);
    else
        into.complaints.push_back("the environment has no " + name);
}

} // namespace

std::string mark_variables(std::string_view yaml)
{
    std::string marked;
    std::size_t close = yaml.npos; // the } of the variable being read
    for (std::size_t i = 0; i < yaml.size();) {
        const std::string_view rest = yaml.substr(i);
        if (rest.starts_with("$${")) {
            marked.append(kLiteral);
            i += 3;
        } else if (rest.starts_with("${")) {
            marked.append(kOpen);
            close = i + std::min(rest.find('}'), rest.find('\n'));
            i += 2;
        } else if (i == close && rest[0] == '}') {
            marked.append(kClose);
            ++i;
        } else {
            marked.push_back(rest[0]);
            ++i;
        }
    }
    return marked;
}

std::string unmark(std::string_view marked)
{
    std::string text(marked);
    for (const auto& [mark, written] : kMarks) {
        for (std::size_t at = text.find(mark); at != text.npos; at = text.find(mark, at))
            text.replace(at, mark.size(), written);
    }
    return text;
}

Expanded expand(std::string_view marked)
{
    Expanded result;
    while (!marked.empty()) {
        if (marked.starts_with(kLiteral)) {
            result.text.append("${");
            marked.remove_prefix(kLiteral.size());
        } else if (marked.starts_with(kOpen)) {
            const std::size_t close = marked.find(kClose);
            if (close == marked.npos) {
                result.complaints.push_back("has a ${ without its }");
                break;
            }
            expand_variable(marked.substr(kOpen.size(), close - kOpen.size()), result);
            marked.remove_prefix(close + kClose.size());
        } else {
            result.text.push_back(marked[0]);
            marked.remove_prefix(1);
        }
    }
    return result;
}

} // namespace turngate::config
