#pragma once

namespace turngate::net {

// How many files and sockets this process may have open.
struct Descriptors
{
    int most;
    int reserve; // of them, never for clients: dials, files, the admin listener

    // Accepted sockets stay below this number, so that the reserve is there.
    int below() const noexcept { return most - reserve; }
    // Each client needs one for the upstream of its turns, too.
    unsigned clients() const noexcept { return static_cast<unsigned>(below() / 2); }
};

// How a limit is divided: an eighth is the reserve, 32 at least and 1,024 at most.
Descriptors divide(long limit) noexcept;

// What RLIMIT_NOFILE says; the soft limit is raised to the hard one first.
Descriptors descriptors() noexcept;

} // namespace turngate::net
