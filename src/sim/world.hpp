#pragma once

#include "ids.hpp"
#include "options.hpp"
#include "script.hpp"
#include "stats.hpp"
#include "storage.hpp"
#include "transcript.hpp"
#include "words.hpp"

namespace turngate::sim {

// What all connections of a sim share. One thread.
struct World
{
    explicit World(const Options& chosen)
        : options(chosen), ids(chosen.seed), words(chosen.seed), lots(chosen.seed)
    {
    }

    const Options options;
    Script script;
    Storage storage;
    Stats stats;
    unsigned connections = 0; // numbers given so far
    Ids ids;
    Words words;
    Random lots; // what `probability` draws from: nothing else, so that a run can be repeated
};

} // namespace turngate::sim
