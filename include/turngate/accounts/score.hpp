#pragma once

#include "turngate/config/config.hpp"

#include <optional>
#include <span>
#include <vector>

namespace turngate::accounts {

// What a candidate's score is made of.
struct CandidateFacts
{
    int priority = 1; // lower is better
    unsigned used = 0;
    unsigned waiting = 0;
    unsigned limit = 1; // slots
    double trend = 1;   // of the load: 1 level or falling, 0 steeply rising
    double error_rate = 0;
    std::optional<double> ttft_ms;
    double quota_used_percent = 0; // of the fullest window
};

// The parts are 0…1, unweighted.
struct Score
{
    double priority = 0;
    double load = 0;
    double queue = 0;
    double errors = 0; // 1: none
    double ttft = 0;
    double quota = 1; // the factor of what the weighted parts sum up to
    double total = 0;
};

// Behaviour.md section 6. One score for each candidate; several parts are relative to the others.
std::vector<Score> score(std::span<const CandidateFacts> candidates,
                         const config::Weights& weights);

} // namespace turngate::accounts
