#include "turngate/protocol/models.hpp"

#include "cursor.hpp"
#include "json_text.hpp"

#include "turngate/protocol/edit.hpp"

namespace turngate::protocol {
namespace {

constexpr std::size_t kMostId = 256;

// Of an entry; empty: it has none that can be used.
std::string id_of(std::string_view entry)
{
    std::string id;
    Cursor fields(entry);
    fields.each_field([&](std::string_view key) {
        const auto value = fields.take_value();
        if (value && key == "id" && value->starts_with('"') && value->size() <= kMostId)
            id = unescape(value->substr(1, value->size() - 2));
        return value.has_value();
    });
    return id;
}

} // namespace

std::vector<std::string> read_model_ids(std::string_view body, std::size_t most)
{
    std::vector<std::string> ids;
    Cursor cursor(body);
    const auto read_entry = [&] {
        const auto entry = cursor.take_value();
        if (!entry)
            return false;
        std::string id = entry->starts_with('{') ? id_of(*entry) : std::string();
        if (!id.empty() && ids.size() < most)
            ids.push_back(std::move(id));
        return true;
    };
    const bool is_sound = cursor.peek() == '{' && cursor.each_field([&](std::string_view key) {
        if (key == "data" && cursor.peek() == '[')
            return cursor.each_item(read_entry);
        return cursor.take_value().has_value();
    });
    return is_sound ? ids : std::vector<std::string>();
}

std::string model_body(std::string_view id, std::int64_t created)
{
    return R"({"id":)" + quote(id) + R"(,"object":"model","created":)" + std::to_string(created) +
           R"(,"owned_by":"turngate"})";
}

std::string models_body(const std::vector<std::string>& ids,
                        std::int64_t created,
                        std::string_view catalogue)
{
    std::string body = R"({"object":"list","data":[)";
    for (const std::string& id : ids) {
        if (body.back() != '[')
            body.push_back(',');
        body.append(model_body(id, created));
    }
    body.append(R"(],"models":)").append(catalogue.empty() ? "[]" : catalogue).append("}");
    return body;
}

} // namespace turngate::protocol
