#pragma once
// The admin key of a gateway whose settings name none: generated once and kept in a file.

#include "base/result.h"

#include <string>

namespace sallyport::admin {

struct KeptKey {
  std::string key;
  bool created = false;  // just now: to be shown to the user, once
};

// Reads the key in `path`, or writes a new one of 32 random letters and digits there, readable by the owner alone, with
// its folder. Two gateways that start at once get the same key, and never half a one.
// Error: kUnavailable or kInvalid, naming the file and what to do.
Result<KeptKey> keep_admin_key(const std::string& path);

}  // namespace sallyport::admin
