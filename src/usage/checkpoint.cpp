#include "checkpoint.hpp"

#include "posix_file.hpp"
#include "turngate/telemetry/log.hpp"

#include <fcntl.h>
#include <unistd.h>

#include <cstdio>
#include <fstream>
#include <sstream>

namespace turngate::usage {
namespace {

constexpr const char* kHead = "turngate-journal-checkpoint 1";
constexpr const char* kLast = "end"; // a file without it was cut

std::string path_in(const std::string& dir)
{
    return dir + "/checkpoint";
}

bool parse(std::istream& in, Checkpoint& checkpoint)
{
    std::string line;
    if (!std::getline(in, line) || line != kHead)
        return false;
    while (std::getline(in, line) && line != kLast) {
        std::istringstream words(line);
        std::string segment;
        std::uint64_t offset = 0;
        if (!(words >> segment >> offset))
            return false;
        checkpoint[segment] = offset;
    }
    return line == kLast;
}

std::string text_of(const Checkpoint& checkpoint)
{
    std::ostringstream out;
    out << kHead << '\n';
    for (const auto& [segment, offset] : checkpoint)
        out << segment << ' ' << offset << '\n';
    out << kLast << '\n';
    return out.str();
}

} // namespace

Checkpoint read_checkpoint(const std::string& dir)
{
    std::ifstream file(path_in(dir));
    if (!file)
        return {};
    Checkpoint checkpoint;
    if (parse(file, checkpoint))
        return checkpoint;
    telemetry::log_warn("journal checkpoint is not readable, replaying", {{"path", path_in(dir)}});
    return {};
}

void write_checkpoint(const std::string& dir, const Checkpoint& checkpoint)
{
    const std::string path = path_in(dir);
    const std::string fresh = path + ".new";
    {
        const Fd fd = open_file(fresh, O_WRONLY | O_CREAT | O_TRUNC);
        if (!write_all(fd, text_of(checkpoint)) || ::fsync(fd.get()) != 0)
            throw_errno(fresh, "cannot write");
    }
    if (std::rename(fresh.c_str(), path.c_str()) != 0)
        throw_errno(path, "cannot replace");
    sync_directory(dir);
}

} // namespace turngate::usage
