#pragma once
// Small questions about the text of an HTTP/1.1 head. None of them is asked for every message.

#include <cstddef>
#include <optional>
#include <string>
#include <string_view>

namespace bench {

std::string in_lower_case(std::string_view text);
// `lower` is a head in lower case.
std::optional<std::size_t> content_length(std::string_view lower);
std::string as_json_string(std::string_view text);  // with its quotes

}  // namespace bench
