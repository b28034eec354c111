#pragma once
// The default store: one SQLite file on the local disk, for one gateway process. A write that has returned survives
// kill -9 and loss of power. docs/formats/embedded-store.md describes the file.

#include "store/entries.h"
#include "store/sqlite.h"
#include "store/store.h"

#include <cstdint>
#include <map>
#include <memory>
#include <optional>
#include <string>

namespace sallyport::store {

class EmbeddedStore final : public Store {
 public:
  // Creates the file and its folder when they are missing. Error, naming the file and what to do: kConflict when
  // another process holds it; kUnavailable when it is damaged (it is never touched then), of a newer version, or cannot
  // be written.
  static Result<std::unique_ptr<EmbeddedStore>> open(const std::string& path);

  std::string describe() const override { return "embedded store " + path_; }
  Status writable() const override { return {}; }
  Task<Result<EntryPtr>> get(Key key) override;
  Task<Result<std::vector<EntryPtr>>> list(std::string kind) override;
  Task<Result<std::vector<EntryPtr>>> list_all() override;
  Task<Result<EntryPtr>> put(Key key, json::Value value, Expected expected) override;
  Task<Result<EntryPtr>> put_until(Key key, json::Value value, Expected expected, WallTime end) override;
  std::vector<Key> over(WallTime now) const override;
  Task<Result<bool>> remove(Key key, Expected expected) override;
  Task<Result<std::uint64_t>> next_revision() override;
  void hand_over() override { database_.reset(); }
  Status take_back() override;
  void on_change(OnChange) override {}  // nobody else can write

 private:
  EmbeddedStore(std::string path, Database database) : path_(std::move(path)), database_(std::move(database)) {}

  Status load();
  Status load_ends();
  Status check_owned() const;
  Result<EntryPtr> put_now(const Key& key, json::Value value, Expected expected, std::optional<WallTime> end);
  Result<bool> remove_now(const Key& key, Expected expected);
  Status write_entry(const Entry& entry);
  Status erase_entry(const Key& key);
  Status write_end(const Entry& entry, WallTime end);
  Status erase_end(const Key& key);  // if it has one
  Status write_revision(std::uint64_t revision);

  std::string path_;
  std::optional<Database> database_;  // nothing: handed over
  Entries entries_;
  std::map<Key, WallTime> ends_;  // of the entries that have one
  std::uint64_t revision_ = 0;    // the highest that was given away
};

}  // namespace sallyport::store
