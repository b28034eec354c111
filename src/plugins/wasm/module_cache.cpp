#include "plugins/wasm/module_cache.h"

#include <sys/stat.h>
#include <time.h>

#include <algorithm>
#include <utility>

namespace sallyport::wasm {
namespace {

std::int64_t nanoseconds_of(const timespec& time) { return time.tv_sec * std::int64_t{1'000'000'000} + time.tv_nsec; }

}  // namespace

FileStamp stamp_of(const std::string& path) {
  struct stat status{};
  if (stat(path.c_str(), &status) != 0) return {};
  return {status.st_dev, status.st_ino, static_cast<std::uint64_t>(status.st_size), nanoseconds_of(status.st_mtim),
          nanoseconds_of(status.st_ctim)};
}

ModuleCache::ModulePtr ModuleCache::find_by_stamp(const std::string& path, const FileStamp& stamp) {
  auto found = files_.find(path);
  bool is_same = found != files_.end() && stamp != FileStamp{} && found->second.stamp == stamp;
  return is_same ? keep(found->second.module.lock()) : nullptr;
}

ModuleCache::ModulePtr ModuleCache::find_by_hash(const std::string& hash) {
  for (const auto& [path, file] : files_) {
    if (ModulePtr module = file.module.lock(); module && module->hash == hash) return keep(std::move(module));
  }
  return nullptr;
}

void ModuleCache::remember(const std::string& path, const FileStamp& stamp, ModulePtr module) {
  files_[path] = {stamp, module};
  keep(std::move(module));
  std::erase_if(files_, [](const auto& file) { return file.second.module.expired(); });
}

// As the first of those that are kept; the oldest ones make room. One that is too large by itself is not kept.
ModuleCache::ModulePtr ModuleCache::keep(ModulePtr module) {
  if (!module || module->code->code_bytes() > bounds_.code_bytes) return module;
  if (auto known = std::ranges::find(kept_, module); known != kept_.end()) {
    kept_.splice(kept_.begin(), kept_, known);
    return module;
  }
  kept_.push_front(module);
  kept_bytes_ += module->code->code_bytes();
  while (kept_.size() > bounds_.modules || kept_bytes_ > bounds_.code_bytes) {
    kept_bytes_ -= kept_.back()->code->code_bytes();
    kept_.pop_back();
  }
  return module;
}

}  // namespace sallyport::wasm
