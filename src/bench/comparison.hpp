#pragma once

#include "figure.hpp"
#include "workload.hpp"

#include <string>
#include <vector>

namespace turngate::bench {

struct ComparisonOptions
{
    std::vector<std::string> proxies; // nginx, haproxy
    std::vector<std::string> only;    // workloads; empty: all
    unsigned rounds = 3;
    Sides sides;
    Scale scale;
    Place place;
};

struct ComparisonResult
{
    std::vector<Row> rows;
    Sides sides;
    std::vector<std::string> subjects; // in the order of the columns
    std::vector<std::string> notes;
    Tally total;
    bool complete = true; // everything that was to run has run

    bool is_sound() const noexcept; // and no event was wrong
};

// Measures turngate and the proxies side by side, workload by workload, in interleaved rounds (A,
// B, C, A, B, C, …), so that whatever else happens on the machine happens to all of them. Says on
// standard error where it is.
class Comparison
{
public:
    explicit Comparison(ComparisonOptions options);

    ComparisonResult run();

private:
    using Samples = std::map<Figure, std::map<std::string, std::vector<double>>>;

    void choose_subjects();
    void limit_sessions();
    void run_workload(const Workload& workload);
    void run_round(const Workload& workload, const Sim& sim, unsigned round);
    void measure(const Workload& workload, const Sim& sim, const std::string& subject);
    void fail(const std::string& note);
    Medians medians() const;

    ComparisonOptions options_;
    ComparisonResult result_;
    Samples samples_;
};

} // namespace turngate::bench
