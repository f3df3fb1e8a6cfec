#include "verbatim.hpp"

#include "json_text.hpp"

namespace turngate::sim {
namespace {

constexpr std::string_view kResponse = "$response";

} // namespace

std::string fill_in(std::string_view verbatim, std::string_view response, std::string_view lane)
{
    std::string text(verbatim);
    for (auto at = text.find(kResponse); at != std::string::npos;
         at = text.find(kResponse, at + response.size()))
        text.replace(at, kResponse.size(), response);
    if (!lane.empty() && text.starts_with("{\"") && text.ends_with('}'))
        text.insert(text.size() - 1, R"(,"stream_id":)" + in_quotes(lane));
    return text;
}

} // namespace turngate::sim
