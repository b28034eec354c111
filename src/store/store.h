#pragma once
// Where resources come from and go: one interface, several stores. A store keeps JSON values by kind and id, and does
// not know what they mean. A Store belongs to the control thread.

#include "async/task.h"
#include "base/clock.h"
#include "base/result.h"
#include "json/value.h"

#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <vector>

namespace sallyport::store {

using async::Task;

// Names a resource: the folder it lies in and its name there, as in the key "/apisix/routes/1".
struct Key {
  std::string kind;  // "routes"
  std::string id;    // "1"
  friend auto operator<=>(const Key&, const Key&) = default;
};

// One resource as it is stored. Indexes are revisions of the store, which every write increases.
struct Entry {
  Key key;
  json::Value value;
  std::uint64_t created_index = 0;
  std::uint64_t modified_index = 0;
  std::string
      origin;  // where a person finds it, for messages: "conf/apisix.yaml:12:5"; empty when there is no such place
};

using EntryPtr = std::shared_ptr<const Entry>;

// What happened to one key; without an entry it was removed.
struct Change {
  Key key;
  EntryPtr entry;
};

// What a write wants to find, so that nobody's change is lost: the modified_index of the entry, or kAbsent.
using Expected = std::optional<std::uint64_t>;
inline constexpr std::uint64_t kAbsent = 0;

class Store {
 public:
  using OnChange = std::function<void(std::vector<Change>)>;

  virtual ~Store() = default;

  // What it is and where it lies, for messages: "embedded store data/sallyport.db".
  virtual std::string describe() const = 0;

  // Whether put and remove may be called. Error: kUnavailable, saying why not and where to change resources instead.
  virtual Status writable() const = 0;

  // Null when there is no such entry. Error of all below: kUnavailable when the store itself fails.
  virtual Task<Result<EntryPtr>> get(Key key) = 0;

  // Every entry of one kind, oldest first.
  virtual Task<Result<std::vector<EntryPtr>>> list(std::string kind) = 0;
  // Every entry of every kind.
  virtual Task<Result<std::vector<EntryPtr>>> list_all() = 0;

  // Creates or replaces; durable when it returns. Error: kConflict when the entry is not as expected; nothing is
  // written then.
  virtual Task<Result<EntryPtr>> put(Key key, json::Value value, Expected expected) = 0;

  // As put, of an entry that lasts until `end`: from then on it is `over`. Another write of it makes it last, or gives
  // it another end.
  virtual Task<Result<EntryPtr>> put_until(Key key, json::Value value, Expected expected, WallTime end) = 0;
  // What has come to its end; to remove it is for whoever asks, as others have to hear of it.
  virtual std::vector<Key> over(WallTime now) const = 0;

  // Whether there was such an entry. Error: kConflict as with put.
  virtual Task<Result<bool>> remove(Key key, Expected expected) = 0;

  // A revision that no entry has or will get, for generated ids.
  virtual Task<Result<std::uint64_t>> next_revision() = 0;

  // For a gateway in another process that follows this one: lets go of what keeps others out. From then on writes fail
  // with kUnavailable, while what was read stays readable, until `take_back` has succeeded, which is called only when
  // the other one has ended and has written nothing. Error: kUnavailable, kConflict.
  virtual void hand_over() = 0;
  virtual Status take_back() = 0;

  // Called with what changed by other means than put and remove of this object (a file edited, another gateway).
  virtual void on_change(OnChange told) = 0;
};

}  // namespace sallyport::store
