#include "turngate/config/secret.hpp"

#include "file.hpp"

#include <algorithm>

namespace turngate::config {

std::string fault_of_secret(std::string_view text)
{
    if (text.empty())
        return "is empty";
    const bool is_fit = std::ranges::all_of(text, [](char c) { return c > 0x20 && c < 0x7f; });
    return is_fit ? "" : "must have visible ASCII characters only";
}

Secret clean_secret(std::string text)
{
    static constexpr std::string_view kSpace = " \t\r\n";
    text.resize(text.find_last_not_of(kSpace) + 1);
    text.erase(0, std::min(text.find_first_not_of(kSpace), text.size()));
    std::string fault = fault_of_secret(text);
    if (!fault.empty())
        text.clear();
    return {std::move(text), std::move(fault)};
}

Secret read_secret(const std::string& path)
{
    FileText file = read_file(path);
    return file.fault.empty() ? clean_secret(std::move(file.text)) : Secret{"", file.fault};
}

} // namespace turngate::config
