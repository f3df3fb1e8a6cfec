#pragma once

#include "turngate/usage/ledger.hpp"

#include <functional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace turngate::admin {

// What is asked of a resource of the admin side. All decoded.
struct Request
{
    std::string method;            // GET (also for HEAD), POST, PATCH or DELETE
    std::vector<std::string> path; // the segments below the resource: /api/v1/users/a%20b/credit is
                                   // {"a b", "credit"} of /api/v1/users
    std::vector<std::pair<std::string, std::string>> query; // in its order
    std::string body;                                       // JSON, 64 KiB at most; may be empty
    std::string who; // asks, for books that keep it: "admin 127.0.0.1"

    // Of the first such parameter; empty if there is none.
    std::string_view parameter(std::string_view name) const noexcept;
};

struct Answer
{
    int status = 200;
    std::string body{};
    std::string type = "application/json";
};

// {"error":{…}} as everywhere.
Answer refusal(int status, std::string_view message, std::string_view code);
Answer nothing_here(); // 404: neither this path nor this method

// Answers from the ledger, on a thread that may wait for it; the ledger is the caller's for the
// call alone, and gives up (it throws) when whoever asked has stopped waiting. Thread-safe. What it
// throws: std::invalid_argument is the asking side's mistake, 400 with its words; else 503.
using Handler = std::function<Answer(const Request&, usage::Ledger&)>;

// What is below a path (/api/v1/keys), itself included. Whoever may not change things does not get
// as far as a handler.
struct Resource
{
    std::string path;
    Handler answer;
};

} // namespace turngate::admin
