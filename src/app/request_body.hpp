#pragma once

#include <nlohmann/json_fwd.hpp>

#include <cstdint>
#include <memory>
#include <optional>
#include <string>

namespace turngate::app {

// The members of a request's JSON object, taken by name. Mistakes are Refused.
class RequestBody
{
public:
    explicit RequestBody(const std::string& text); // empty is {}
    ~RequestBody();

    // Nothing: it is not there. An amount may be given as a number, too; null is "none".
    std::optional<std::string> take_text(const std::string& name);
    std::optional<std::int64_t> take_integer(const std::string& name);
    std::string want_text(const std::string& name);

    void end() const; // what is left nobody knows

private:
    std::unique_ptr<nlohmann::json> members_;
};

} // namespace turngate::app
