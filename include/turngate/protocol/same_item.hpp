#pragma once

#include <string_view>

namespace turngate::protocol {

// Whether two items of a conversation say the same, however a client has written down what it got
// (behaviour.md section 4): members in any order, in other escapes, left out where they are null or
// empty lists, and without what a server adds to a text (`annotations`, `logprobs`). A message's
// text is the same as its only part. Items that are no JSON objects, or deeper or wider than any
// real one, are the same as nothing but their own bytes.
bool say_the_same(std::string_view item, std::string_view other);

} // namespace turngate::protocol
