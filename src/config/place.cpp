#include "place.hpp"

#include <filesystem>

namespace turngate::config {

namespace fs = std::filesystem;

Place place_in(std::string_view folder, std::string_view path)
{
    const fs::path given(path);
    const fs::path here = (fs::path(folder) / given).lexically_normal();
    std::error_code ignored;
    if (given.is_absolute() || fs::exists(here, ignored) || !fs::exists(given, ignored))
        return {here.string(), false};
    return {fs::absolute(given, ignored).lexically_normal().string(), true};
}

std::string folder_of(std::string_view file)
{
    return fs::path(file).parent_path().string();
}

} // namespace turngate::config
