#include "store/yaml_store.h"

#include "base/log.h"

#include <fmt/format.h>

#include <cerrno>
#include <chrono>
#include <cstring>
#include <fstream>
#include <sstream>

namespace sallyport::store {
namespace {

constexpr std::chrono::seconds kSettled{2};

bool is_settled(const struct timespec& changed) {
  auto since_epoch = std::chrono::seconds(changed.tv_sec) + std::chrono::nanoseconds(changed.tv_nsec);
  return std::chrono::system_clock::now().time_since_epoch() - since_epoch > kSettled;
}

bool same_time(const struct timespec& a, const struct timespec& b) {
  return a.tv_sec == b.tv_sec && a.tv_nsec == b.tv_nsec;
}

}  // namespace

bool YamlStore::Version::is_same_as(const Version& other) const {
  return status.st_dev == other.status.st_dev && status.st_ino == other.status.st_ino &&
         status.st_size == other.status.st_size && same_time(status.st_mtim, other.status.st_mtim) &&
         same_time(status.st_ctim, other.status.st_ctim);
}

Result<std::unique_ptr<YamlStore>> YamlStore::open(std::string path, Check check) {
  std::unique_ptr<YamlStore> store(new YamlStore(std::move(path), std::move(check)));
  TRY_STATUS(store->read_again());
  return store;
}

void YamlStore::poll() {
  auto version = look();
  bool same = version && version_ ? version->is_same_as(*version_) : !version && !version_;
  if (same && (!version || version->settled)) return;
  auto text = read_file();
  auto afterwards = look();
  if (version && afterwards && !afterwards->is_same_as(*version))
    return;  // it is being written: the next poll reads it
  version_ = version;
  if (text && same && *text == text_) return;
  if (Status taken = text ? take(*text) : Status(fail(text.error())); !taken) {
    log::error("{}; what was read before keeps serving", taken.error().what);
  } else {
    log_problems();
  }
}

Status YamlStore::read_again() {
  version_ = look();
  TRY(std::string text, read_file());
  return take(text);
}

std::optional<YamlStore::Version> YamlStore::look() const {
  Version version;
  if (::stat(path_.c_str(), &version.status) != 0) return {};
  version.settled = is_settled(version.status.st_mtim) && is_settled(version.status.st_ctim);
  return version;
}

Result<std::string> YamlStore::read_file() const {
  std::ifstream file(path_, std::ios::binary);
  std::ostringstream text;
  if (file) text << file.rdbuf();
  if (!file || file.bad()) {
    return fail(ErrorCode::kInvalid, fmt::format("{}: cannot be read: {}", path_, std::strerror(errno)));
  }
  return std::move(text).str();
}

Status YamlStore::take(const std::string& text) {
  text_ = text;
  TRY(YamlResources reading, read_yaml_resources(text, path_, check_));
  accept(std::move(reading));
  return {};
}

void YamlStore::accept(YamlResources reading) {
  problems_ = std::move(reading.faults);
  warnings_ = std::move(reading.warnings);
  Entries next;
  for (const std::string& kind : reading.broken_kinds) {
    for (const EntryPtr& entry : entries_.of_kind(kind)) next.put(entry);
  }
  for (const Item& item : reading.items) add_item(next, item);
  std::vector<Change> changes = Entries::difference(entries_, next);
  entries_ = std::move(next);
  if (told_ && !changes.empty()) told_(std::move(changes));
}

void YamlStore::add_item(Entries& next, const Item& item) {
  EntryPtr old = entries_.find(item.key);
  if (!item.fault.empty()) {
    bool keeps_serving = old && !next.find(item.key);
    problems_.push_back(fmt::format("{}: {}/{}: {}; {}", item.origin, item.key.kind, item.key.id, item.fault,
                                    keeps_serving ? "its last good form keeps serving" : "it is not served"));
    if (keeps_serving) next.put(old);
    return;
  }
  auto entry = std::make_shared<Entry>(Entry{item.key, item.value, 0, 0, item.origin});
  bool same = old && old->value == item.value;
  if (!same) ++revision_;
  entry->created_index = old ? old->created_index : revision_;
  entry->modified_index = same ? old->modified_index : revision_;
  next.put(std::move(entry));
}

void YamlStore::log_problems() const {
  for (const std::string& problem : problems_) log::error("{}", problem);
  for (const std::string& warning : warnings_) log::warn("{}", warning);
}

Status YamlStore::writable() const {
  return fail(ErrorCode::kUnavailable,
              fmt::format("resources come from {}: change that file, it is read again within a second", path_));
}

Task<Result<EntryPtr>> YamlStore::get(Key key) { return Result<EntryPtr>(entries_.find(key)); }

Task<Result<std::vector<EntryPtr>>> YamlStore::list(std::string kind) {
  return Result<std::vector<EntryPtr>>(entries_.of_kind(kind));
}

Task<Result<std::vector<EntryPtr>>> YamlStore::list_all() { return Result<std::vector<EntryPtr>>(entries_.all()); }

Task<Result<EntryPtr>> YamlStore::put(Key, json::Value, Expected) {
  return Result<EntryPtr>(fail(std::move(writable()).error()));
}

Task<Result<EntryPtr>> YamlStore::put_until(Key, json::Value, Expected, WallTime) {
  return Result<EntryPtr>(fail(std::move(writable()).error()));
}

Task<Result<bool>> YamlStore::remove(Key, Expected) { return Result<bool>(fail(std::move(writable()).error())); }

Task<Result<std::uint64_t>> YamlStore::next_revision() {
  return Result<std::uint64_t>(fail(std::move(writable()).error()));
}

}  // namespace sallyport::store
