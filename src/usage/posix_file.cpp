#include "posix_file.hpp"

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cerrno>
#include <stdexcept>
#include <system_error>

namespace turngate::usage {

void throw_errno(const std::string& path, std::string_view what)
{
    const std::string reason = std::generic_category().message(errno);
    throw std::runtime_error(path + ": " + std::string(what) + ": " + reason);
}

Fd::~Fd()
{
    if (fd_ >= 0)
        ::close(fd_);
}

std::chrono::system_clock::time_point changed_at(const Fd& fd) noexcept
{
    struct ::stat info{};
    if (::fstat(fd.get(), &info) != 0)
        return std::chrono::system_clock::now();
    const auto since =
        std::chrono::seconds(info.st_mtim.tv_sec) + std::chrono::nanoseconds(info.st_mtim.tv_nsec);
    return std::chrono::system_clock::time_point(
        std::chrono::duration_cast<std::chrono::system_clock::duration>(since));
}

Fd open_file(const std::string& path, int flags)
{
    const int fd = ::open(path.c_str(), flags | O_CLOEXEC, 0600);
    if (fd < 0)
        throw_errno(path, "cannot open");
    return Fd(fd);
}

std::uint64_t size_of(const Fd& fd, const std::string& path)
{
    struct ::stat status{};
    if (::fstat(fd.get(), &status) != 0)
        throw_errno(path, "cannot stat");
    return static_cast<std::uint64_t>(status.st_size);
}

std::string read_at(const Fd& fd, std::uint64_t offset, std::size_t size, const std::string& path)
{
    std::string bytes(size, '\0');
    std::size_t have = 0;
    while (have < size) {
        const auto n =
            ::pread(fd.get(), bytes.data() + have, size - have, static_cast<off_t>(offset + have));
        if (n < 0 && errno == EINTR)
            continue;
        if (n < 0)
            throw_errno(path, "cannot read");
        if (n == 0)
            break;
        have += static_cast<std::size_t>(n);
    }
    bytes.resize(have);
    return bytes;
}

bool write_all(const Fd& fd, std::string_view bytes) noexcept
{
    while (!bytes.empty()) {
        const auto n = ::write(fd.get(), bytes.data(), bytes.size());
        if (n < 0 && errno == EINTR)
            continue;
        if (n <= 0)
            return false;
        bytes.remove_prefix(static_cast<std::size_t>(n));
    }
    return true;
}

void sync_directory(const std::string& path)
{
    const Fd fd = open_file(path, O_RDONLY | O_DIRECTORY);
    if (::fsync(fd.get()) != 0)
        throw_errno(path, "cannot sync");
}

} // namespace turngate::usage
