#pragma once

#include <string>
#include <string_view>

namespace turngate::config {

struct Place
{
    std::string path;
    bool is_elsewhere = false; // in the working directory, and not in the folder
};

// A path of a configuration is from that file's folder. What is there already in the working
// directory alone, from where such paths began once, is found there.
Place place_in(std::string_view folder, std::string_view path);

// The folder of a file; empty: the working directory.
std::string folder_of(std::string_view file);

} // namespace turngate::config
