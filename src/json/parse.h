#pragma once
// JSON text to values and back (RFC 8259).

#include "base/result.h"
#include "json/value.h"

#include <string>
#include <string_view>

namespace sallyport::json {

// Refuses duplicate members, depth over 128, numbers that overflow, trailing text and invalid UTF-8.
// Error: kInvalid with line, column and cause.
Result<Value> parse(std::string_view text);

// Compact; `/` is not escaped, members in their order, numbers as short as they can be.
std::string print(const Value& value);
void print_to(std::string& out, const Value& value);

// `text` as a JSON string with its quotes.
void print_string_to(std::string& out, std::string_view text);

}  // namespace sallyport::json
