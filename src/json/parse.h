#pragma once
// JSON text to values and back (RFC 8259).

#include "base/result.h"
#include "json/value.h"

#include <string>
#include <string_view>

namespace sallyport::json {

// Refuses duplicate members, depth over 128, numbers that overflow, trailing text and invalid UTF-8; skips a byte order
// mark. Error: kInvalid with line, column and cause.
Result<Value> parse(std::string_view text);

// Compact; `/` is not escaped, members in their order, numbers as short as they can be (1.0 is `1`).
// The text is always JSON: NaN and infinities become null, bytes that are not UTF-8 become U+FFFD.
std::string print(const Value& value);
void print_to(std::string& out, const Value& value);

// `text` as a JSON string with its quotes.
void print_string_to(std::string& out, std::string_view text);

}  // namespace sallyport::json
