#pragma once

#include <chrono>
#include <cstdint>
#include <string>
#include <string_view>
#include <utility>

namespace turngate::usage {

// Throws std::runtime_error("<path>: <what>: <errno's words>").
[[noreturn]] void throw_errno(const std::string& path, std::string_view what);

class Fd
{
public:
    Fd() = default;
    explicit Fd(int fd) noexcept : fd_(fd) {}
    Fd(Fd&& other) noexcept : fd_(std::exchange(other.fd_, -1)) {}
    Fd& operator=(Fd&& other) noexcept
    {
        std::swap(fd_, other.fd_);
        return *this;
    }
    ~Fd();

    int get() const noexcept { return fd_; }

private:
    int fd_ = -1;
};

// When it was last written to; now, if that cannot be known.
std::chrono::system_clock::time_point changed_at(const Fd& fd) noexcept;

Fd open_file(const std::string& path, int flags); // mode 0600; throws
std::uint64_t size_of(const Fd& fd, const std::string& path);

// At most `size` bytes from `offset`; fewer at the file's end. Throws.
std::string read_at(const Fd& fd, std::uint64_t offset, std::size_t size, const std::string& path);

// True when all bytes are in the kernel; else errno says why.
bool write_all(const Fd& fd, std::string_view bytes) noexcept;

// Names made, renamed or removed in the directory reach the disk. Throws.
void sync_directory(const std::string& path);

} // namespace turngate::usage
