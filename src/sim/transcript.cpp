#include "transcript.hpp"

#include "json_text.hpp"

#include <fcntl.h>
#include <unistd.h>

#include <cerrno>
#include <cstring>
#include <stdexcept>
#include <utility>

namespace turngate::sim {
namespace {

constexpr std::size_t kShown = 4; // last characters of a secret

bool is_secret(std::string_view header)
{
    return net::equal_without_case(header, "authorization") ||
           net::equal_without_case(header, "api-key") ||
           net::equal_without_case(header, "x-api-key");
}

std::string shown(std::string_view secret)
{
    const auto space = secret.find(' ');
    std::string out(space == std::string_view::npos ? "" : secret.substr(0, space + 1));
    out.append("…");
    return secret.size() > 2 * kShown ? out.append(secret.substr(secret.size() - kShown)) : out;
}

void append_headers(std::string& line, const net::HttpHeaders& headers)
{
    line.push_back('[');
    for (const auto& [name, value] : headers) {
        if (line.back() != '[')
            line.push_back(',');
        line.push_back('[');
        append_quoted(line, name);
        line.push_back(',');
        append_quoted(line, is_secret(name) ? shown(value) : value);
        line.push_back(']');
    }
    line.push_back(']');
}

} // namespace

Transcript::Transcript(const std::string& path)
{
    if (path.empty())
        return;
    file_ = ::open(path.c_str(), O_WRONLY | O_CREAT | O_TRUNC | O_APPEND | O_CLOEXEC, 0644);
    if (file_ < 0)
        throw std::runtime_error("cannot write " + path + ": " + std::strerror(errno));
}

Transcript::~Transcript()
{
    if (file_ >= 0)
        ::close(file_);
}

std::string Transcript::begin(unsigned connection) const
{
    const auto age =
        std::chrono::duration_cast<std::chrono::milliseconds>(core::Clock::now() - start_);
    std::string line = R"({"ms":)";
    append_number(line, age.count());
    line.append(R"(,"connection":)");
    append_number(line, connection);
    return line;
}

void Transcript::write(std::string line)
{
    line.push_back('\n');
    std::string_view rest = line;
    while (!rest.empty()) {
        const auto n = ::write(file_, rest.data(), rest.size());
        if (n < 0 && errno != EINTR)
            return;
        if (n > 0)
            rest.remove_prefix(static_cast<std::size_t>(n));
    }
}

void Transcript::upgrade(unsigned connection, const net::HttpRequest& request, int status)
{
    if (file_ < 0)
        return;
    std::string line = begin(connection);
    line.append(R"(,"upgrade":{"target":)");
    append_quoted(line, request.target);
    line.append(R"(,"status":)");
    append_number(line, status);
    line.append(R"(,"headers":)");
    append_headers(line, request.headers);
    line.append("}}");
    write(std::move(line));
}

void Transcript::request(unsigned connection, unsigned number, const net::HttpRequest& request)
{
    if (file_ < 0)
        return;
    std::string line = begin(connection);
    line.append(R"(,"request":{"number":)");
    append_number(line, number);
    line.append(R"(,"method":)");
    append_quoted(line, request.method);
    line.append(R"(,"target":)");
    append_quoted(line, request.target);
    line.append(R"(,"headers":)");
    append_headers(line, request.headers);
    line.append("}}");
    write(std::move(line));
}

void Transcript::answer(unsigned connection, unsigned number, int status)
{
    if (file_ < 0)
        return;
    std::string line = begin(connection);
    line.append(R"(,"answer":{"request":)");
    append_number(line, number);
    line.append(R"(,"status":)");
    append_number(line, status);
    line.append("}}");
    write(std::move(line));
}

void Transcript::message(unsigned connection, std::string_view text)
{
    if (file_ < 0)
        return;
    std::string line = begin(connection);
    line.append(R"(,"message":)");
    append_quoted(line, text);
    line.push_back('}');
    write(std::move(line));
}

void Transcript::response(unsigned connection,
                          std::string_view id,
                          std::string_view lane,
                          std::string_view status)
{
    if (file_ < 0)
        return;
    std::string line = begin(connection);
    line.append(R"(,"response":{"id":)");
    append_quoted(line, id);
    line.append(R"(,"lane":)");
    append_quoted(line, lane);
    line.append(R"(,"status":)");
    append_quoted(line, status);
    line.append("}}");
    write(std::move(line));
}

void Transcript::end(unsigned connection, const End& end)
{
    if (file_ < 0)
        return;
    std::string line = begin(connection);
    line.append(R"(,"end":{"side":)");
    append_quoted(line, end.side);
    line.append(R"(,"how":)");
    append_quoted(line, end.how);
    line.append(R"(,"code":)");
    append_number(line, end.code);
    line.append(R"(,"reason":)");
    append_quoted(line, end.reason);
    line.append("}}");
    write(std::move(line));
}

} // namespace turngate::sim
