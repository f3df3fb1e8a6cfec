#include "systemd.hpp"

#include <fcntl.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

#include <cstdlib>
#include <cstring>

namespace turngate::app {

void notify_systemd(std::string_view state) noexcept
{
    const char* path = std::getenv("NOTIFY_SOCKET");
    sockaddr_un address{};
    if (!path || std::strlen(path) >= sizeof address.sun_path)
        return;
    const int fd = ::socket(AF_UNIX, SOCK_DGRAM | SOCK_CLOEXEC, 0);
    if (fd < 0)
        return;
    address.sun_family = AF_UNIX;
    std::strcpy(address.sun_path, path);
    if (path[0] == '@')
        address.sun_path[0] = '\0'; // the abstract namespace
    const auto size = static_cast<socklen_t>(offsetof(sockaddr_un, sun_path) + std::strlen(path));
    // Nobody to tell is no reason to stop.
    static_cast<void>(::sendto(fd,
                               state.data(),
                               state.size(),
                               MSG_NOSIGNAL,
                               reinterpret_cast<const sockaddr*>(&address),
                               size));
    ::close(fd);
}

std::optional<std::chrono::microseconds> watchdog_interval() noexcept
{
    const char* text = std::getenv("WATCHDOG_USEC");
    const char* pid = std::getenv("WATCHDOG_PID");
    if (!text || (pid && std::atol(pid) != ::getpid()))
        return std::nullopt;
    const long long usec = std::atoll(text);
    if (usec <= 0)
        return std::nullopt;
    return std::chrono::microseconds(usec / 2);
}

std::vector<int> passed_sockets() noexcept
{
    constexpr int kFirst = 3; // SD_LISTEN_FDS_START
    const char* pid = std::getenv("LISTEN_PID");
    const char* count = std::getenv("LISTEN_FDS");
    std::vector<int> descriptors;
    if (!pid || !count || std::atol(pid) != ::getpid())
        return descriptors;
    for (int fd = kFirst; fd < kFirst + std::atoi(count); ++fd) {
        ::fcntl(fd, F_SETFD, FD_CLOEXEC);
        ::fcntl(fd, F_SETFL, ::fcntl(fd, F_GETFL) | O_NONBLOCK);
        descriptors.push_back(fd);
    }
    return descriptors;
}

} // namespace turngate::app
