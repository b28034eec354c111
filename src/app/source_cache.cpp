#include "app/source_cache.h"

#include "base/file.h"
#include "json/parse.h"

#include <fcntl.h>
#include <unistd.h>

#include <cerrno>
#include <cstdio>
#include <cstring>
#include <filesystem>
#include <set>

namespace sallyport::app {
namespace {

json::Object read_index(const std::string& path) {
  auto text = read_file(path);
  auto index = text ? json::parse(*text) : fail(ErrorCode::kNotFound, "");
  return index && index->is_object() ? index->object() : json::Object();
}

// Complete or not at all.
Status write_file(const std::string& path, std::string_view text) {
  const std::string unfinished = path + ".unfinished";
  const int file = ::open(unfinished.c_str(), O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC | O_NOFOLLOW, 0600);
  bool is_written =
      file >= 0 && ::write(file, text.data(), text.size()) == static_cast<ssize_t>(text.size()) && ::fsync(file) == 0;
  const int error = errno;
  if (file >= 0) ::close(file);
  if (is_written && std::rename(unfinished.c_str(), path.c_str()) == 0) return {};
  return fail(ErrorCode::kUnavailable,
              path + ": " + std::strerror(is_written ? errno : error) + "; let the gateway write there");
}

}  // namespace

std::string SourceCache::find(const source::Spec& spec) const {
  std::string hash = spec.sha256;
  if (hash.empty()) {
    const json::Value index(read_index(index_file()));
    hash = index.string_or(source::fingerprint(spec), "");
  }
  return source::is_digest("sha256:" + hash) && blobs_.read(hash) ? hash : std::string();
}

Status SourceCache::put(const source::Spec& spec, std::string_view module) {
  std::error_code ignored;
  std::filesystem::create_directories(std::filesystem::path(folder_).parent_path(), ignored);
  TRY(const std::string hash, blobs_.put(module));
  json::Object index = read_index(index_file());
  index[source::fingerprint(spec)] = hash;
  TRY_STATUS(write_file(index_file(), json::print(index)));
  std::set<std::string> kept{"index.json"};
  for (const auto& [source, module_hash] : index) {
    if (module_hash.is_string()) kept.insert(module_hash.string());
  }
  blobs_.keep_only(kept);
  return {};
}

}  // namespace sallyport::app
