#pragma once

#include <nlohmann/json.hpp>

#include <chrono>
#include <optional>
#include <set>
#include <stdexcept>
#include <string>
#include <string_view>

namespace turngate::sim {

// An object of a script, read key by key. What is wrong is thrown with its place; `finish` refuses
// keys nobody read, so that a misspelt fault does not pass for a test that found nothing.
class ScriptObject
{
public:
    using json = nlohmann::json;

    ScriptObject(const json& object, std::string place) : object_(object), place_(std::move(place))
    {
        if (!object_.is_object())
            fail("must be an object");
    }

    const json* find(const char* key)
    {
        read_.insert(key);
        const auto found = object_.find(key);
        return found == object_.end() ? nullptr : &*found;
    }

    template <class T>
    std::optional<T> get(const char* key)
    {
        const json* value = find(key);
        if (!value)
            return std::nullopt;
        check<T>(*value, key);
        return value->get<T>();
    }

    std::chrono::microseconds milliseconds(const char* key)
    {
        return std::chrono::milliseconds(get<unsigned>(key).value_or(0));
    }

    // Any JSON as text; empty if it is not there.
    std::string text_of(const char* key)
    {
        const json* value = find(key);
        return value ? value->dump() : std::string();
    }

    std::string place(std::string_view key) const { return place_ + "." + std::string(key); }

    void finish() const
    {
        for (const auto& [key, value] : object_.items())
            if (!read_.contains(key))
                fail("unknown key '" + key + "'");
    }

    [[noreturn]] void fail(const std::string& what) const
    {
        throw std::runtime_error(place_ + ": " + what);
    }

private:
    template <class T>
    void check(const json& value, const char* key) const
    {
        if constexpr (std::is_same_v<T, bool>) {
            if (!value.is_boolean())
                fail(std::string(key) + " must be true or false");
        } else if constexpr (std::is_same_v<T, std::string>) {
            if (!value.is_string())
                fail(std::string(key) + " must be a string");
        } else if constexpr (std::is_floating_point_v<T>) {
            if (!value.is_number())
                fail(std::string(key) + " must be a number");
        } else if (!value.is_number_unsigned() || value.get<std::uint64_t>() > 0xffffffff) {
            fail(std::string(key) + " must be a whole number, not negative");
        }
    }

    const json& object_;
    std::string place_;
    std::set<std::string, std::less<>> read_;
};

} // namespace turngate::sim
