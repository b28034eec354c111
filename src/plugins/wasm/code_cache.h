#pragma once
// Machine code of modules on the disk, so that what was compiled once is not compiled again at the next start. Engines
// believe such code, so only this user's own is taken: the folder is private to the user, and each file has a digest
// with a key that was made for this folder. All functions may be called on any thread.

#include "base/keyed_digest.h"
#include "base/result.h"

#include <cstdint>
#include <memory>
#include <mutex>
#include <optional>
#include <string>
#include <string_view>

namespace sallyport::wasm {

class CodeCache {
 public:
  // The folder (mode 0700) and its key are made with the first code. `max_bytes`: of all files; the ones not used for
  // longest go. Error: kUnavailable, naming what is there: it cannot be read, or others may write to it.
  static Result<std::unique_ptr<CodeCache>> open(std::string folder, std::uint64_t max_bytes);

  // What was kept under this name. A file that does not fit its digest is removed, which the log says.
  std::optional<std::string> find(const std::string& name) const;

  // A failure is logged and harms nothing.
  void keep(const std::string& name, std::string_view code);

 private:
  CodeCache(std::string folder, std::uint64_t max_bytes) : folder_(std::move(folder)), max_bytes_(max_bytes) {}

  Status read_key();
  Status make_key();
  std::optional<DigestKey> key() const;
  std::string path_of(const std::string& name) const { return folder_ + "/" + name + ".code"; }
  void make_room();

  std::string folder_;
  std::uint64_t max_bytes_;
  std::optional<DigestKey> key_;  // none before there is code
  mutable std::mutex mutex_;      // of the key, and of writing
};

}  // namespace sallyport::wasm
