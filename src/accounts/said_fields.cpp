#include "said_fields.hpp"

#include <nlohmann/json.hpp>

#include <vector>

namespace turngate::accounts {
namespace {

using Json = nlohmann::json;

enum class Where { outside, top, error, response, response_error, headers, detail };

// Follows the parser through the document and keeps what stands in a place that is looked at.
class Listener final : public nlohmann::json_sax<Json>
{
public:
    explicit Listener(SaidFields& fields) : fields_(fields) {}

    bool null() override { return true; }
    bool boolean(bool value) override { return keep(value ? "true" : "false"); }
    bool number_integer(number_integer_t value) override { return keep(std::to_string(value)); }
    bool number_unsigned(number_unsigned_t value) override { return keep(std::to_string(value)); }
    bool number_float(number_float_t, const string_t& written) override { return keep(written); }
    bool string(string_t& value) override { return keep(value); }
    bool binary(binary_t&) override { return true; }

    bool start_object(std::size_t) override
    {
        if (path_.empty())
            fields_.is_json = true;
        return enter();
    }
    bool key(string_t& name) override
    {
        key_ = name;
        return true;
    }
    bool end_object() override { return leave(); }
    bool start_array(std::size_t) override { return enter(); }
    bool end_array() override { return leave(); }
    bool parse_error(std::size_t, const std::string&, const Json::exception&) override
    {
        return false; // what was kept stays
    }

private:
    Where here() const { return path_.empty() ? Where::outside : path_.back().where; }

    bool enter()
    {
        SaidPlace* place = path_.empty() ? nullptr : path_.back().place;
        const Where next = below();
        if (next == Where::top)
            place = &fields_.top;
        if (next == Where::error)
            place = &fields_.error;
        if (next == Where::response_error)
            place = &fields_.response_error;
        path_.push_back({next, place});
        key_.clear();
        return true;
    }

    bool leave()
    {
        path_.pop_back();
        key_.clear();
        return true;
    }

    Where below() const
    {
        switch (here()) {
        case Where::outside:
            return path_.empty() ? Where::top : Where::outside;
        case Where::top:
            if (key_ == "error")
                return Where::error;
            if (key_ == "response")
                return Where::response;
            if (key_ == "detail")
                return Where::detail;
            return key_ == "headers" ? Where::headers : Where::outside;
        case Where::error:
        case Where::response_error:
            return key_ == "headers" ? Where::headers : Where::outside;
        case Where::response:
            return key_ == "error" ? Where::response_error : Where::outside;
        case Where::detail:
            return Where::detail;
        case Where::headers:
            return Where::outside;
        }
        return Where::outside;
    }

    bool keep(const std::string& value)
    {
        switch (here()) {
        case Where::top:
            if (key_ == "error" || key_ == "detail")
                keep_first(fields_.error.message, value);
            else
                keep_in(fields_.top, value);
            break;
        case Where::error:
        case Where::response_error:
            keep_in(*path_.back().place, value);
            break;
        case Where::headers:
            path_.back().place->headers.add(key_, value);
            break;
        case Where::detail:
            if (key_ == "msg")
                keep_first(fields_.error.message, value);
            break;
        case Where::response:
        case Where::outside:
            break;
        }
        return true;
    }

    static void keep_first(std::string& field, const std::string& value)
    {
        if (field.empty())
            field = value;
    }

    void keep_in(SaidPlace& place, const std::string& value)
    {
        const std::pair<std::string_view, std::string*> fields[] = {
            {"code", &place.code},
            {"type", &place.type},
            {"message", &place.message},
            {"param", &place.param},
            {"status", &place.status},
            {"status_code", &place.status},
            {"resets_in_seconds", &place.resets_in_seconds},
            {"resets_at", &place.resets_at}};
        for (const auto& [name, field] : fields)
            if (key_ == name)
                keep_first(*field, value);
    }

    struct Step
    {
        Where where;
        SaidPlace* place; // whose headers stand below it
    };

    SaidFields& fields_;
    std::vector<Step> path_;
    std::string key_;
};

} // namespace

std::string_view SaidFields::first_of(std::string SaidPlace::* field) const noexcept
{
    for (const SaidPlace* place : {&error, &response_error, &top})
        if (!(place->*field).empty())
            return place->*field;
    return {};
}

SaidFields read_fields(std::string_view json)
{
    SaidFields fields;
    Listener listener(fields);
    const auto read = json.substr(0, SaidFields::kMost);
    Json::sax_parse(read.begin(), read.end(), &listener, Json::input_format_t::json, false);
    return fields;
}

} // namespace turngate::accounts
