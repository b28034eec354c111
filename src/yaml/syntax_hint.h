#pragma once
// What its author most likely did wrong in a text that is no YAML. Pure functions, for messages alone.

#include "yaml/document.h"

#include <optional>
#include <string>
#include <string_view>

namespace sallyport::yaml {

// Where the parser gave up and why, in its words; the text up to there counts. Empty when nothing is likely; else what
// to do, and where: "the { of line 1, column 9 is not closed".
std::string syntax_hint(std::string_view text, Mark mark, std::string_view cause);

// Whether the quoted scalar that begins at the byte `at` ends: parsers take the end of the text for its closing quote.
bool quote_is_closed(std::string_view text, std::size_t at);

}  // namespace sallyport::yaml
