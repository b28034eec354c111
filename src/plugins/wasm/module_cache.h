#pragma once
// Compiled modules by the file they came from. What is in use anywhere is found again, and the last few beyond that are
// kept for a while: a conf that was refused, or a route that was deleted and comes back, costs no second compilation.
// Belongs to the control thread.

#include "plugins/wasm/module.h"

#include <cstddef>
#include <cstdint>
#include <list>
#include <map>
#include <memory>
#include <string>

namespace sallyport::wasm {

// What tells that a file is what it was; all zero where there is no file.
struct FileStamp {
  std::uint64_t device = 0, inode = 0, size = 0;
  std::int64_t modified = 0, changed = 0;  // nanoseconds since 1970
  friend bool operator==(const FileStamp&, const FileStamp&) = default;
};

FileStamp stamp_of(const std::string& path);

class ModuleCache {
 public:
  using ModulePtr = std::shared_ptr<const Module>;

  // Of what is kept though nobody may use it.
  struct Bounds {
    std::size_t modules = 8;
    std::size_t code_bytes = 128u << 20;
  };
  ModuleCache() : ModuleCache(Bounds()) {}
  explicit ModuleCache(Bounds bounds) : bounds_(bounds) {}

  // Null when it is not known, or the file has changed.
  ModulePtr find_by_stamp(const std::string& path, const FileStamp& stamp);
  ModulePtr find_by_hash(const std::string& hash);
  // Both with its code and as what the file at `path` holds.
  void remember(const std::string& path, const FileStamp& stamp, ModulePtr module);

 private:
  struct KnownFile {
    FileStamp stamp;
    std::weak_ptr<const Module> module;
  };

  ModulePtr keep(ModulePtr module);

  Bounds bounds_;
  std::map<std::string, KnownFile> files_;
  std::list<ModulePtr> kept_;  // the one that was asked for last comes first
  std::size_t kept_bytes_ = 0;
};

}  // namespace sallyport::wasm
