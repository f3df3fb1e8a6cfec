#pragma once

#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

namespace turngate::protocol {

// The ids in an account's answer to GET /models, `most` at most; none, if it is no such answer.
std::vector<std::string> read_model_ids(std::string_view body, std::size_t most);

// One model, as the vendor's endpoint tells it.
std::string model_body(std::string_view id, std::int64_t created);

// One answer for SDKs and for Codex, which reads `models` alone (http.md section 9.4). catalogue: a
// JSON array, or empty.
std::string models_body(const std::vector<std::string>& ids,
                        std::int64_t created,
                        std::string_view catalogue);

} // namespace turngate::protocol
