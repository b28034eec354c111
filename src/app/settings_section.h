#pragma once
// Reads one mapping of the settings file key by key, notes every problem with its place, and knows at the end which
// keys nobody asked for. Lives on the control thread while a file is read.

#include "app/settings.h"
#include "json/value.h"
#include "yaml/document.h"

#include <chrono>
#include <cstdint>
#include <initializer_list>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace sallyport::app {

// One value of the file and its place.
struct Setting {
  const json::Value* value = nullptr;  // null when the file has none, or `null`
  std::string pointer;                 // RFC 6901, "/apisix/status"; empty for the whole file
  std::string name;                    // as messages call it, "apisix.status"
};

// What is wrong in one file.
class Problems final {
 public:
  explicit Problems(const yaml::Document& document) : document_(document) {}

  // `what` goes on after the name: "wants a number, and is a list".
  void error(const Setting& at, const std::string& what) { add(Severity::kError, at, what); }
  void warn(const Setting& at, const std::string& what) { add(Severity::kWarning, at, what); }
  void add(Severity severity, const Setting& at, const std::string& what);
  std::string where(const Setting& at) const { return document_.where(at.pointer); }
  std::vector<Problem> in_order_of_the_file() &&;

 private:
  struct Noted {
    yaml::Mark mark;
    std::size_t number;  // in the order they were found
    Problem problem;
  };

  const yaml::Document& document_;
  std::vector<Noted> noted_;
};

template <class T>
using Choice = std::pair<std::string_view, T>;

class Section final {
 public:
  // Reads nothing where the file has no such mapping.
  Section(Problems& problems, Setting mapping);

  bool has(std::string_view key) const;  // with a value other than null
  Setting at(std::string_view key);
  Section section(std::string_view key) { return {problems_, at(key)}; }
  std::vector<Setting> list(std::string_view key);  // the elements of a list

  // Each leaves `to` alone when the key is absent, and notes an error when the value does not fit.
  void read(std::string_view key, bool& to);
  void read(std::string_view key, std::string& to);  // numbers are taken as they are written
  void read(std::string_view key, std::vector<std::string>& to);
  void read(std::string_view key, std::chrono::milliseconds& to);  // seconds, or nginx's "1m30s", "500ms"
  void read_number(std::string_view key, std::int64_t& to, std::int64_t least, std::int64_t most);
  void read_size(std::string_view key, std::uint64_t& to);  // bytes, or nginx's "8k", "1m", "2g"
  template <class T>
  void read_choice(std::string_view key, T& to, std::initializer_list<Choice<T>> choices) {
    std::vector<std::string_view> names;
    for (const auto& choice : choices) names.push_back(choice.first);
    if (auto index = choose(key, names)) to = (choices.begin() + *index)->second;
  }

  void error(std::string_view key, const std::string& what) { problems_.error(at(key), what); }
  void warn(std::string_view key, const std::string& what) { problems_.warn(at(key), what); }
  Problems& problems() { return problems_; }
  const json::Value* value() const { return mapping_.value; }  // an object, or null
  Setting below(std::string_view pointer) const;               // RFC 6901, "/list/0/key"; for problems with it
  std::string where() const { return problems_.where(mapping_); }

  // Names the keys that were not read: those of `not_honoured`, which APISIX has and we do not, as such, the others as
  // unknown. An unknown key is `misspelt` when it is near one that is known; keys of the user's own are just warned of.
  void finish(std::span<const std::string_view> not_honoured = {}, Severity misspelt = Severity::kMistake);
  void finish(std::initializer_list<std::string_view> not_honoured, Severity misspelt = Severity::kMistake) {
    finish(std::span(not_honoured.begin(), not_honoured.size()), misspelt);
  }

 private:
  std::string name_of(std::string_view key) const;
  std::optional<std::size_t> choose(std::string_view key, std::span<const std::string_view> names);

  Problems& problems_;
  Setting mapping_;  // its value is an object, or null
  std::vector<std::string> read_;
};

}  // namespace sallyport::app
