#include "usage.hpp"

#include "json_text.hpp"

namespace turngate::sim {

void append_json(std::string& out, const Usage& usage)
{
    out.append(R"({"input_tokens":)");
    append_number(out, usage.input);
    out.append(R"(,"input_tokens_details":{"cached_tokens":)");
    append_number(out, usage.cached);
    out.append(R"(,"cache_write_tokens":0},"output_tokens":)");
    append_number(out, usage.output);
    out.append(R"(,"output_tokens_details":{"reasoning_tokens":)");
    append_number(out, usage.reasoning);
    out.append(R"(},"total_tokens":)");
    append_number(out, usage.total());
    out.push_back('}');
}

} // namespace turngate::sim
