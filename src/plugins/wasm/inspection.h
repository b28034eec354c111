#pragma once
// What `sallyport wasm inspect` says about a file: what kind of plugin it is, what it asks of a host, and whether this
// gateway takes it.

#include <string>

namespace sallyport::wasm {

struct Inspection {
  std::string text;  // lines
  bool is_accepted = false;
};

// Compiles the module and starts it once; takes seconds for large ones.
Inspection inspect(const std::string& path);

}  // namespace sallyport::wasm
