#pragma once
// Brings the module that a source names. Belongs to the control thread.

#include "base/result.h"
#include "source/spec.h"
#include "source/visit.h"

#include <cstddef>
#include <string>

namespace sallyport::source {

struct Fetched {
  bool is_unchanged = false;  // since what `validator` was given for; then there are no bytes
  std::string bytes;
  std::string sha256;     // of the bytes
  std::string validator;  // what tells whether the source has changed: an ETag, or the digest of a manifest
};

class Fetcher final {
 public:
  // `web` outlives it.
  explicit Fetcher(Web& web) : web_(web) {}

  // A module of at most `most_bytes`, of which every hash that is known has been checked. `validator`: that of an
  // earlier answer for the same source, or empty. Error: kInvalid for what cannot be used, kUnavailable for what cannot
  // be had, kLimit; with the address.
  Task<Result<Fetched>> fetch(Spec spec, std::size_t most_bytes, std::string validator = {});

 private:
  Task<Result<Fetched>> fetch_file(Spec spec, std::size_t most_bytes, std::string validator);

  Web& web_;
};

}  // namespace sallyport::source
