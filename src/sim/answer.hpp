#pragma once

#include "act.hpp"
#include "ids.hpp"
#include "lanes.hpp"
#include "score.hpp"
#include "words.hpp"

#include <string>
#include <vector>

namespace turngate::sim {

// The items of a response: the script's, or what the sim says by itself. That is a text which
// quotes the last user message or tool output; or one call of a tool that the last user message is
// about.
// `seal` stands in what reasoning is sealed with.
std::vector<Item> make_answer(const Start& start,
                              const Act* act,
                              const Pacing& pacing,
                              Words& words,
                              Ids& ids,
                              const std::string& seal);

} // namespace turngate::sim
