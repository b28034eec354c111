#pragma once
// Values as they may stand inside one line of a log.

#include <string>
#include <string_view>

namespace sallyport::telemetry {

// nginx's default: `"`, `\`, control bytes and bytes above 126 become \xXX.
void append_escaped(std::string& line, std::string_view value);

// The inside of a JSON string (RFC 8259 7); bytes that are not UTF-8 become U+FFFD.
void append_json_escaped(std::string& line, std::string_view value);

// As it is, but for CR and LF, which become \x0D and \x0A.
void append_on_one_line(std::string& line, std::string_view value);

}  // namespace sallyport::telemetry
