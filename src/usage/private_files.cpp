#include "private_files.hpp"

#include "posix_file.hpp"

#include <fcntl.h>
#include <sys/stat.h>

#include <cerrno>
#include <filesystem>

namespace turngate::usage {

void make_private_directory(const std::string& path)
{
    std::filesystem::path made;
    for (const auto& part : std::filesystem::path(path)) {
        made /= part;
        if (::mkdir(made.c_str(), 0700) == 0)
            continue;
        const int reason = errno;
        std::error_code none;
        if (std::filesystem::is_directory(made, none))
            continue;
        errno = reason;
        throw_errno(path, "cannot make the directory");
    }
}

void make_private_file(const std::string& path)
{
    open_file(path, O_RDWR | O_CREAT);
}

} // namespace turngate::usage
