#pragma once
// Resources from a file that people edit: apisix.yaml. The file is read again, as a whole, when it has changed; a
// reading that cannot be used changes nothing, and of a bad item the last good form keeps serving.

#include "store/entries.h"
#include "store/store.h"
#include "store/yaml_resources.h"

#include <sys/stat.h>

#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <vector>

namespace sallyport::store {

class YamlStore final : public Store {
 public:
  // Bad items are in `problems` and not served. Error: the file is missing or cannot be used as a whole.
  static Result<std::unique_ptr<YamlStore>> open(std::string path, Check check);

  // Looks whether the file has changed, reads it again then, and logs what is wrong with it. To be called every 500 ms.
  void poll();

  // Reads the file, changed or not (what `check` says may have changed). Error as of open; the old state stays.
  Status read_again();

  // What is wrong with single items of the last reading, and what was ignored: "conf/apisix.yaml:12:5: routes/1: ...".
  const std::vector<std::string>& problems() const { return problems_; }
  const std::vector<std::string>& warnings() const { return warnings_; }

  std::string describe() const override { return "yaml store " + path_; }
  Status writable() const override;
  Task<Result<EntryPtr>> get(Key key) override;
  Task<Result<std::vector<EntryPtr>>> list(std::string kind) override;
  Task<Result<std::vector<EntryPtr>>> list_all() override;
  Task<Result<EntryPtr>> put(Key key, json::Value value, Expected expected) override;
  Task<Result<EntryPtr>> put_until(Key key, json::Value value, Expected expected, WallTime end) override;
  std::vector<Key> over(WallTime) const override { return {}; }
  Task<Result<bool>> remove(Key key, Expected expected) override;
  Task<Result<std::uint64_t>> next_revision() override;
  void hand_over() override {}  // it keeps nobody out
  Status take_back() override { return {}; }
  void on_change(OnChange told) override { told_ = std::move(told); }

 private:
  // A version of the file. `settled`: old enough that a later write cannot have the same times.
  struct Version {
    struct stat status = {};
    bool settled = false;
    bool is_same_as(const Version& other) const;
  };

  YamlStore(std::string path, Check check) : path_(std::move(path)), check_(std::move(check)) {}

  std::optional<Version> look() const;
  Result<std::string> read_file() const;
  Status take(const std::string& text);
  void accept(YamlResources reading);
  void add_item(Entries& next, const Item& item);
  void log_problems() const;

  std::string path_;
  Check check_;
  OnChange told_;
  std::optional<Version> version_;  // of the last reading, or nothing when there was no file
  std::string text_;                // of the last reading
  Entries entries_;
  std::uint64_t revision_ = 0;
  std::vector<std::string> problems_;
  std::vector<std::string> warnings_;
};

}  // namespace sallyport::store
