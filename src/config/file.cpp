#include "file.hpp"

#include <array>
#include <cerrno>
#include <cstdio>
#include <memory>
#include <system_error>

namespace turngate::config {

FileText read_file(const std::string& path)
{
    const auto fault = [] { return "cannot be read: " + std::generic_category().message(errno); };
    const std::unique_ptr<std::FILE, int (*)(std::FILE*)> file(std::fopen(path.c_str(), "rb"),
                                                               &std::fclose);
    if (!file)
        return {"", fault()};

    std::string text;
    std::array<char, 4096> piece;
    while (const std::size_t n = std::fread(piece.data(), 1, piece.size(), file.get()))
        text.append(piece.data(), n);
    if (std::ferror(file.get()) != 0)
        return {"", fault()};
    return {std::move(text), ""};
}

} // namespace turngate::config
