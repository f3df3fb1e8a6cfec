#include "request_body.hpp"

#include "principals.hpp"

#include <nlohmann/json.hpp>

namespace turngate::app {

using Why = Refused::Why;

RequestBody::RequestBody(const std::string& text)
    : members_(std::make_unique<nlohmann::json>(
          nlohmann::json::parse(text.empty() ? "{}" : text, nullptr, false)))
{
    if (!members_->is_object())
        throw Refused(Why::mistaken, "body", "want a JSON object");
}

RequestBody::~RequestBody() = default;

std::optional<std::string> RequestBody::take_text(const std::string& name)
{
    const auto member = members_->find(name);
    if (member == members_->end())
        return std::nullopt;
    const nlohmann::json value = *member;
    members_->erase(member);
    if (value.is_null())
        return "none";
    if (value.is_number())
        return value.dump();
    if (!value.is_string())
        throw Refused(Why::mistaken, name, "want a text");
    return value.get<std::string>();
}

std::optional<std::int64_t> RequestBody::take_integer(const std::string& name)
{
    const auto member = members_->find(name);
    if (member == members_->end())
        return std::nullopt;
    const nlohmann::json value = *member;
    members_->erase(member);
    if (!value.is_number_integer() ||
        (value.is_number_unsigned() && value.get<std::uint64_t>() > std::uint64_t(INT64_MAX)))
        throw Refused(Why::mistaken, name, "want a whole number");
    return value.get<std::int64_t>();
}

std::string RequestBody::want_text(const std::string& name)
{
    auto text = take_text(name);
    if (!text)
        throw Refused(Why::mistaken, name, "is missing");
    return *text;
}

void RequestBody::end() const
{
    if (!members_->empty())
        throw Refused(Why::mistaken, members_->begin().key(), "is unknown here");
}

} // namespace turngate::app
