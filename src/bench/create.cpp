#include "create.hpp"

#include <algorithm>
#include <stdexcept>

namespace turngate::bench {
namespace {

constexpr std::string_view kEvent = R"({"type":"response.create",)";
constexpr std::string_view kRequest = R"({"stream":true,)"; // knows no type
constexpr std::string_view kParent = R"("previous_response_id":")";
constexpr std::string_view kParentEnd = R"(",)";

std::string_view checked(std::string_view model)
{
    const auto needs_escape = [](char c) {
        return c == '"' || c == '\\' || static_cast<unsigned char>(c) < 0x20;
    };
    if (model.empty() || std::ranges::any_of(model, needs_escape))
        throw std::invalid_argument(
            "a model's name must not be empty, nor have quotes, backslashes or control characters");
    return model;
}

// Words, not one letter: what looks at text (tokens, compression) meets something like text.
std::string input_text(std::size_t bytes)
{
    static constexpr std::string_view kWords =
        "the quick brown fox jumps over the lazy dog and goes on ";
    std::string text;
    text.reserve(bytes);
    while (text.size() < bytes)
        text.append(kWords.substr(0, bytes - text.size()));
    return text;
}

} // namespace

Create::Create(std::string_view model, std::size_t input_bytes, Form form)
{
    const std::string_view begin = form.protocol == Protocol::ws ? kEvent : kRequest;
    rest_ = begin.size();
    parent_.append(begin).append(kParent);
    body_.append(begin)
        .append(R"("model":")")
        .append(checked(model))
        .append(form.stored ? R"(","store":true,"input":[)" : R"(","store":false,"input":[)");
    body_.append(R"({"type":"message","role":"user","content":[{"type":"input_text","text":")");
    body_.append(input_text(input_bytes)).append(R"("}]}]})");
}

std::array<std::string_view, 4> Create::pieces(std::string_view parent) const noexcept
{
    if (parent.empty())
        return {body_};
    return {parent_, parent, kParentEnd, std::string_view(body_).substr(rest_)};
}

} // namespace turngate::bench
