#pragma once

#include "turngate/config/config.hpp"

#include <stdlib.h>

#include <filesystem>
#include <fstream>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace turngate::config::test {

// A folder of its own for one test.
class Scratch
{
public:
    Scratch()
    {
        std::string name = (std::filesystem::temp_directory_path() / "turngate-XXXXXX").string();
        folder_ = ::mkdtemp(name.data());
    }
    Scratch(const Scratch&) = delete;
    Scratch& operator=(const Scratch&) = delete;
    ~Scratch() { std::filesystem::remove_all(folder_); }

    std::string path(std::string_view name) const { return (folder_ / name).string(); }

    std::string write(std::string_view name, std::string_view text) const
    {
        std::ofstream(path(name)) << text;
        return path(name);
    }

private:
    std::filesystem::path folder_;
};

// An environment variable for the length of a test.
class Environment
{
public:
    Environment(std::string name, const std::string& value) : name_(std::move(name))
    {
        ::setenv(name_.c_str(), value.c_str(), 1);
    }
    Environment(const Environment&) = delete;
    Environment& operator=(const Environment&) = delete;
    ~Environment() { ::unsetenv(name_.c_str()); }

private:
    std::string name_;
};

// Three lines that are enough; what a test adds begins on line 4.
inline const std::string kEnough =
    "server: {listen: 127.0.0.1:0}\n"
    "accounts: [{name: a, base_url: https://x.test/v1, api_key: up}]\n"
    "keys: [{name: k, key: secret}]\n";

inline Loaded load_text(std::string_view yaml)
{
    const Scratch scratch;
    return load(scratch.write("c.yaml", yaml));
}

// As printed, without the name of the file.
inline std::vector<std::string> texts(const std::vector<Complaint>& complaints)
{
    std::vector<std::string> texts;
    for (const Complaint& one : complaints)
        texts.push_back(one.text().substr(one.file.size() + 1));
    return texts;
}

inline std::vector<std::string> complaints_of(std::string_view yaml)
{
    return texts(load_text(yaml).complaints);
}

} // namespace turngate::config::test
