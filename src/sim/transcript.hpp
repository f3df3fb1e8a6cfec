#pragma once

#include "end.hpp"

#include "turngate/core/clock.hpp"
#include "turngate/net/http.hpp"

#include <string>
#include <string_view>

namespace turngate::sim {

// What clients did, a JSON object a line, each line written at once: a test may read while the sim
// runs.
class Transcript
{
public:
    explicit Transcript(
        const std::string& path); // empty: writes nothing; throws std::runtime_error
    ~Transcript();
    Transcript(const Transcript&) = delete;
    Transcript& operator=(const Transcript&) = delete;

    void upgrade(unsigned connection, const net::HttpRequest& request, int status);
    void request(unsigned connection, unsigned number, const net::HttpRequest& request);
    void answer(unsigned connection, unsigned number, int status); // 0: none
    void message(unsigned connection, std::string_view text);
    void response(unsigned connection,
                  std::string_view id,
                  std::string_view lane,
                  std::string_view status);
    void end(unsigned connection, const End& end);

private:
    std::string begin(unsigned connection) const;
    void write(std::string line);

    int file_ = -1;
    core::Deadline start_ = core::Clock::now();
};

} // namespace turngate::sim
