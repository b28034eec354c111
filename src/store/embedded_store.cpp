#include "store/embedded_store.h"

#include "json/parse.h"
#include "store/durable_folder.h"

#include <fmt/format.h>

#include <filesystem>

namespace sallyport::store {
namespace {

constexpr std::uint64_t kApplication = 0x53617079;  // "Sapy": tells our files from those of others
constexpr std::uint64_t kVersion = 1;

constexpr const char* kSchema = R"(
  CREATE TABLE entry (
    kind TEXT NOT NULL,
    id TEXT NOT NULL,
    value TEXT NOT NULL,
    created_index INTEGER NOT NULL,
    modified_index INTEGER NOT NULL,
    PRIMARY KEY (kind, id)
  ) WITHOUT ROWID;
  CREATE TABLE revision (highest INTEGER NOT NULL);
  INSERT INTO revision VALUES (0);
)";

// Made with the first entry that has an end. An end that belongs to another write of its entry counts for nothing: an
// older gateway, which knows no ends, has written since.
constexpr const char* kEnds = R"(
  CREATE TABLE IF NOT EXISTS entry_end (
    kind TEXT NOT NULL,
    id TEXT NOT NULL,
    modified_index INTEGER NOT NULL,
    milliseconds INTEGER NOT NULL,
    PRIMARY KEY (kind, id)
  ) WITHOUT ROWID;
)";

std::uint64_t to_milliseconds(WallTime time) {
  return static_cast<std::uint64_t>(std::chrono::duration_cast<Milliseconds>(time.time_since_epoch()).count());
}

Status create_folder(const std::filesystem::path& folder) {
  std::error_code error;
  if (folder.empty() || std::filesystem::is_directory(folder, error)) return {};
  TRY_STATUS(create_folder(folder.parent_path()));
  if (!std::filesystem::create_directory(folder, error) && error) {
    return fail(ErrorCode::kUnavailable,
                fmt::format("{}: the folder of the embedded store cannot be created: {}; create it, or choose another "
                            "place with deployment.embedded.path",
                            folder.string(), error.message()));
  }
  return sync_folder(folder.has_parent_path() ? folder.parent_path() : ".");
}

Status create_or_check_schema(Database& database, const std::string& path) {
  TRY(std::uint64_t application, database.number("PRAGMA application_id"));
  TRY(std::uint64_t version, database.number("PRAGMA user_version"));
  TRY(std::uint64_t tables, database.number("SELECT count(*) FROM sqlite_schema"));
  if (application == 0 && version == 0 && tables == 0) {
    TRY_STATUS(database.execute(kSchema));
    TRY_STATUS(database.execute(fmt::format("PRAGMA application_id = {}", kApplication).c_str()));
    return database.execute(fmt::format("PRAGMA user_version = {}", kVersion).c_str());
  }
  if (application != kApplication) {
    return fail(ErrorCode::kUnavailable,
                path + ": this is the database of another program; choose another file with deployment.embedded.path");
  }
  if (version > kVersion) {
    return fail(
        ErrorCode::kUnavailable,
        fmt::format("{}: written by a newer gateway (format {}, this one reads up to {}); run that one, or choose "
                    "another file with deployment.embedded.path",
                    path, version, kVersion));
  }
  return {};
}

// The lock is taken with the first transaction and kept until the file is closed. A rollback journal rather than a
// write-ahead log keeps everything in the one file that people copy; EXTRA also makes the end of the journal durable.
Status prepare(Database& database, const std::string& path) {
  TRY_STATUS(
      database.execute("PRAGMA locking_mode = EXCLUSIVE; PRAGMA synchronous = EXTRA; BEGIN EXCLUSIVE; COMMIT;"
                       "PRAGMA journal_mode = TRUNCATE;"));
  TRY(std::string verdict, database.text("PRAGMA quick_check(1)"));
  if (verdict != "ok") {
    return fail(ErrorCode::kUnavailable, fmt::format("{}: damaged: {}; it was left as it is: put a copy of it back, or "
                                                     "move it away to start with an empty one",
                                                     path, verdict));
  }
  TRY(Transaction transaction, Transaction::begin(database));
  TRY_STATUS(create_or_check_schema(database, path));
  return transaction.commit();
}

Result<Database> open_database(const std::string& path) {
  TRY(Database database, Database::open(path));
  TRY_STATUS(prepare(database, path));
  return database;
}

}  // namespace

Result<std::unique_ptr<EmbeddedStore>> EmbeddedStore::open(const std::string& path) {
  TRY_STATUS(create_folder(std::filesystem::path(path).parent_path()));
  TRY(Database database, open_database(path));
  std::unique_ptr<EmbeddedStore> store(new EmbeddedStore(path, std::move(database)));
  TRY_STATUS(store->load());
  TRY_STATUS(store->load_ends());
  return store;
}

Status EmbeddedStore::load() {
  TRY(revision_, database_->number("SELECT highest FROM revision"));
  TRY(Statement rows, database_->prepare("SELECT kind, id, value, created_index, modified_index FROM entry"));
  for (;;) {
    TRY(bool more, rows.step());
    if (!more) return {};
    Entry entry;
    entry.key = Key{std::string(rows.text(0)), std::string(rows.text(1))};
    auto value = json::parse(rows.text(2));
    if (!value) {
      return fail(
          ErrorCode::kUnavailable,
          fmt::format("{}: damaged: the value of {}/{} is not JSON ({}); it was left as it is: put a copy of it "
                      "back, or move it away to start with an empty one",
                      path_, entry.key.kind, entry.key.id, value.error().what));
    }
    entry.value = std::move(*value);
    entry.created_index = rows.number(3);
    entry.modified_index = rows.number(4);
    entries_.put(std::make_shared<const Entry>(std::move(entry)));
  }
}

Status EmbeddedStore::load_ends() {
  TRY(std::uint64_t tables, database_->number("SELECT count(*) FROM sqlite_schema WHERE name = 'entry_end'"));
  if (tables == 0) return {};
  TRY(Statement rows, database_->prepare("SELECT kind, id, milliseconds FROM entry_end NATURAL JOIN "
                                         "(SELECT kind, id, modified_index FROM entry)"));
  for (;;) {
    TRY(bool more, rows.step());
    if (!more) return {};
    Key key{std::string(rows.text(0)), std::string(rows.text(1))};
    ends_[std::move(key)] = WallTime(Milliseconds(rows.number(2)));
  }
}

Task<Result<EntryPtr>> EmbeddedStore::get(Key key) { return Result<EntryPtr>(entries_.find(key)); }

Task<Result<std::vector<EntryPtr>>> EmbeddedStore::list(std::string kind) {
  return Result<std::vector<EntryPtr>>(entries_.of_kind(kind));
}

Task<Result<std::vector<EntryPtr>>> EmbeddedStore::list_all() { return Result<std::vector<EntryPtr>>(entries_.all()); }

Task<Result<EntryPtr>> EmbeddedStore::put(Key key, json::Value value, Expected expected) {
  return put_now(key, std::move(value), expected, {});
}

Task<Result<EntryPtr>> EmbeddedStore::put_until(Key key, json::Value value, Expected expected, WallTime end) {
  return put_now(key, std::move(value), expected, end);
}

// Nothing while it is in other hands.
std::vector<Key> EmbeddedStore::over(WallTime now) const {
  std::vector<Key> keys;
  if (!database_) return keys;
  for (const auto& [key, end] : ends_) {
    if (end <= now) keys.push_back(key);
  }
  return keys;
}

Task<Result<bool>> EmbeddedStore::remove(Key key, Expected expected) { return remove_now(key, expected); }

// Not written: the next write of an entry is above it, and an id that nobody stored may be given again.
Task<Result<std::uint64_t>> EmbeddedStore::next_revision() { return Result<std::uint64_t>(++revision_); }

Status EmbeddedStore::take_back() {
  TRY(Database database, open_database(path_));
  database_.emplace(std::move(database));
  return {};
}

Status EmbeddedStore::check_owned() const {
  if (database_) return {};
  return fail(ErrorCode::kUnavailable,
              fmt::format("{} is in the hands of another gateway, which follows this one; ask again", path_));
}

Result<EntryPtr> EmbeddedStore::put_now(const Key& key, json::Value value, Expected expected,
                                        std::optional<WallTime> end) {
  TRY_STATUS(check_owned());
  TRY_STATUS(entries_.check(key, expected));
  EntryPtr old = entries_.find(key);
  std::uint64_t revision = revision_ + 1;
  Entry entry{key, std::move(value), old ? old->created_index : revision, revision, {}};

  TRY(Transaction transaction, Transaction::begin(*database_));
  TRY_STATUS(write_entry(entry));
  TRY_STATUS(end ? write_end(entry, *end) : erase_end(key));
  TRY_STATUS(write_revision(revision));
  TRY_STATUS(transaction.commit());

  ends_.erase(key);
  if (end) ends_.emplace(key, *end);
  revision_ = revision;
  auto stored = std::make_shared<const Entry>(std::move(entry));
  entries_.put(stored);
  return stored;
}

Result<bool> EmbeddedStore::remove_now(const Key& key, Expected expected) {
  TRY_STATUS(check_owned());
  TRY_STATUS(entries_.check(key, expected));
  if (!entries_.find(key)) return false;

  TRY(Transaction transaction, Transaction::begin(*database_));
  TRY_STATUS(erase_entry(key));
  TRY_STATUS(erase_end(key));
  TRY_STATUS(write_revision(revision_ + 1));
  TRY_STATUS(transaction.commit());

  ++revision_;
  ends_.erase(key);
  return entries_.erase(key);
}

Status EmbeddedStore::write_entry(const Entry& entry) {
  TRY(Statement insert, database_->prepare("INSERT OR REPLACE INTO entry VALUES (?, ?, ?, ?, ?)"));
  insert.bind(1, entry.key.kind);
  insert.bind(2, entry.key.id);
  insert.bind(3, json::print(entry.value));
  insert.bind(4, entry.created_index);
  insert.bind(5, entry.modified_index);
  return insert.run();
}

Status EmbeddedStore::erase_entry(const Key& key) {
  TRY(Statement erase, database_->prepare("DELETE FROM entry WHERE kind = ? AND id = ?"));
  erase.bind(1, key.kind);
  erase.bind(2, key.id);
  return erase.run();
}

Status EmbeddedStore::write_end(const Entry& entry, WallTime end) {
  TRY_STATUS(database_->execute(kEnds));
  TRY(Statement insert, database_->prepare("INSERT OR REPLACE INTO entry_end VALUES (?, ?, ?, ?)"));
  insert.bind(1, entry.key.kind);
  insert.bind(2, entry.key.id);
  insert.bind(3, entry.modified_index);
  insert.bind(4, to_milliseconds(end));
  return insert.run();
}

Status EmbeddedStore::erase_end(const Key& key) {
  if (!ends_.contains(key)) return {};
  TRY(Statement erase, database_->prepare("DELETE FROM entry_end WHERE kind = ? AND id = ?"));
  erase.bind(1, key.kind);
  erase.bind(2, key.id);
  return erase.run();
}

Status EmbeddedStore::write_revision(std::uint64_t revision) {
  TRY(Statement update, database_->prepare("UPDATE revision SET highest = ?"));
  update.bind(1, revision);
  return update.run();
}

}  // namespace sallyport::store
