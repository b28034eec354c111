#pragma once
// How a rewritten path and query are put into the form of a request line.

#include <string>
#include <string_view>

namespace sallyport::plugins::native {

// A decoded path as it goes on the wire: spaces, controls, '#', '%', '?' and bytes from 127 on are percent-encoded.
std::string encode_path(std::string_view path);

// A query, with its delimiters, in which bytes that would end the request line are percent-encoded.
std::string encode_query(std::string_view query);

// `target`, and behind it the arguments in `query`, of which there may be none.
std::string with_arguments(std::string target, std::string_view query);

}  // namespace sallyport::plugins::native
