#pragma once

#include "turngate/net/http.hpp"

#include <string>
#include <string_view>

namespace turngate::accounts {

// What one place of a refusal says: the top level, `error`, or `response.error`. Numbers as
// written.
struct SaidPlace
{
    std::string code;
    std::string type;
    std::string message;
    std::string param;
    std::string status;
    std::string resets_in_seconds;
    std::string resets_at;
    net::HttpHeaders headers;
};

// The fields of a refusal's JSON, whoever wrote it (http.md section 1: an `error` that is a string,
// a `code` that is a number, FastAPI's `detail`). What is cut or broken is read as far as it goes.
struct SaidFields
{
    static constexpr std::size_t kMost = 64 * 1024; // bytes that are looked at

    bool is_json = false; // it begins as an object
    SaidPlace top;
    SaidPlace error;
    SaidPlace response_error;

    // The nested places are believed before the top level.
    std::string_view first_of(std::string SaidPlace::* field) const noexcept;
};

SaidFields read_fields(std::string_view json);

} // namespace turngate::accounts
