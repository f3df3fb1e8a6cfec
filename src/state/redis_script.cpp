#include "redis_script.hpp"

#include "turngate/core/bytes.hpp"

#include <openssl/sha.h>

#include <array>

namespace turngate::state {
namespace {

std::string sha1_of(const std::string& text)
{
    std::array<std::uint8_t, SHA_DIGEST_LENGTH> digest;
    ::SHA1(reinterpret_cast<const unsigned char*>(text.data()), text.size(), digest.data());
    return core::to_hex(digest);
}

// Scripts are constants: made before main, one after the other.
std::vector<const Script*>& known_scripts()
{
    static std::vector<const Script*> scripts;
    return scripts;
}

Command call(const char* how,
             const std::string& what,
             const Command& keys,
             const Command& arguments)
{
    Command command{how, what, std::to_string(keys.size())};
    command.insert(command.end(), keys.begin(), keys.end());
    command.insert(command.end(), arguments.begin(), arguments.end());
    return command;
}

} // namespace

Script::Script(std::string text) : source(std::move(text)), sha1(sha1_of(source))
{
    known_scripts().push_back(this);
}

const std::vector<const Script*>& Script::all() noexcept
{
    return known_scripts();
}

Command Script::by_digest(const Command& keys, const Command& arguments) const
{
    return call("EVALSHA", sha1, keys, arguments);
}

Command Script::by_text(const Command& keys, const Command& arguments) const
{
    return call("EVAL", source, keys, arguments);
}

} // namespace turngate::state
