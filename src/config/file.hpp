#pragma once

#include <string>

namespace turngate::config {

struct FileText
{
    std::string text;
    std::string fault; // why it could not be read; empty when it was
};

FileText read_file(const std::string& path);

} // namespace turngate::config
