#include "read.hpp"

#include "turngate/config/address.hpp"

#include <algorithm>

namespace turngate::config {

bool is_name(std::string_view text) noexcept
{
    const auto is_control = [](unsigned char c) { return c < 0x20 || c == 0x7f; };
    return !text.empty() && text.size() <= kMaxName && std::ranges::none_of(text, is_control);
}

void read_name(const Value& value, std::string& out, Names& taken)
{
    value.required().read_text(out);
    if (out.empty())
        return;
    if (!is_name(out))
        value.complain("must be at most " + std::to_string(kMaxName) + " printable characters");
    if (!taken.insert(out).second)
        value.complain("is taken already");
}

void read_mode(const Value& value, Mode& out)
{
    const auto word = value.text();
    if (!word)
        return;
    if (*word == "shared" || *word == "dedicated")
        value.warn("\"" + *word + "\" is an old name of ctx_pool");
    else
        value.read_word<Mode>(out, {{"off", Mode::off}, {"ctx_pool", Mode::ctx_pool}});
}

void read_blocks(const Value& value, std::vector<std::string>& out, std::string_view word)
{
    const std::string wanted = "must be an IP address or a block such as 10.0.0.0/8" +
                               (word.empty() ? "" : ", or " + std::string(word));
    for (const Value& item : value.items()) {
        const auto block = item.text();
        if (block && (Cidr::parse(*block) || (!word.empty() && *block == word)))
            out.push_back(*block);
        else if (block)
            item.complain(wanted);
    }
}

void check_group(const Value& value, const Config& config, std::string_view name)
{
    if (std::ranges::find(config.groups, name, &Group::name) == config.groups.end())
        value.complain("no group is named \"" + std::string(name) + "\"");
}

void read_group_name(const Value& value, const Config& config, std::string& out)
{
    value.read_text(out);
    check_group(value, config, out);
}

} // namespace turngate::config
