#pragma once
// Names of a guest's functions, as a module's name section has them, for people to read.

#include <string>
#include <string_view>

namespace sallyport::wasm {

// A mangled name of C++ (Itanium ABI) or Rust (legacy or v0, RFC 2603) as it stands in the source; any other unchanged.
std::string readable_name(std::string_view symbol);

// Whether a function (its readable name) only carries a Rust panic to its trap: the frames that every panic begins
// with, and that say nothing of where it happened.
bool carries_panic(std::string_view name);

}  // namespace sallyport::wasm
