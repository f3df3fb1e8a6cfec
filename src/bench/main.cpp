#include "file_limit.hpp"
#include "interrupt.hpp"
#include "options.hpp"
#include "report.hpp"
#include "temporary_directory.hpp"

#include <cstdio>
#include <exception>

namespace {

using namespace turngate::bench;

template <class Result>
void print(const Result& result, bool json)
{
    std::fputs((json ? to_json(result) : to_text(result)).c_str(), stdout);
}

int load(const Options& options)
{
    const LoadResult result = run_load(options.load);
    print(result, options.json);
    const bool connected = result.total.refusal_count() == 0 && result.total.connects > 0;
    return connected && result.total.is_sound() ? 0 : 1;
}

int compare(Options& options)
{
    const TemporaryDirectory directory;
    options.comparison.place.directory = directory.path();
    const ComparisonResult result = Comparison(options.comparison).run();
    print(result, options.json);
    return result.is_sound() ? 0 : 1;
}

} // namespace

int main(int argc, char** argv)
{
    int exit_code = 0;
    auto options = read_options(argc, argv, exit_code);
    if (!options)
        return exit_code;
    allow_many_files();
    catch_interrupts();
    try {
        return options->compares ? compare(*options) : load(*options);
    } catch (const std::exception& failure) {
        std::fprintf(stderr, "turngate-bench: %s\n", failure.what());
        return 1;
    }
}
