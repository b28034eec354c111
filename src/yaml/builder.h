#pragma once
// Builds a JSON value and its marks from the events of the YAML parser. One Builder reads one document and lives within
// Document::parse; it throws Refusal, which does not leave that function.

#include "json/value.h"
#include "yaml/document.h"

#include <yaml-cpp/eventhandler.h>
#include <yaml-cpp/mark.h>

#include <cstddef>
#include <map>
#include <optional>
#include <string>
#include <string_view>
#include <unordered_set>
#include <vector>

namespace sallyport::yaml {

struct Refusal {
  Mark mark;
  std::string cause;
};

class Builder final : public YAML::EventHandler {
 public:
  // A value that is finished, with its marks.
  struct Built {
    json::Value value;
    Marks marks;
  };

  // `text` is what the parser reads.
  explicit Builder(std::string_view text) : text_(text) {}

  Built take() { return std::move(root_); }

  void OnDocumentStart(const YAML::Mark& at) override;
  void OnDocumentEnd() override {}
  void OnNull(const YAML::Mark& at, YAML::anchor_t anchor) override;
  void OnAlias(const YAML::Mark& at, YAML::anchor_t anchor) override;
  void OnScalar(const YAML::Mark& at, const std::string& tag, YAML::anchor_t anchor, const std::string& text) override;
  void OnSequenceStart(const YAML::Mark& at, const std::string& tag, YAML::anchor_t anchor,
                       YAML::EmitterStyle::value) override;
  void OnSequenceEnd() override { close(); }
  void OnMapStart(const YAML::Mark& at, const std::string& tag, YAML::anchor_t anchor,
                  YAML::EmitterStyle::value) override;
  void OnMapEnd() override;

 private:
  // A sequence or map that is being read.
  struct Open {
    Built built;
    YAML::anchor_t anchor = 0;
    std::optional<std::string> key;  // the key whose value comes next
    Mark key_mark;
    bool merges = false;  // that key is `<<`
    std::unordered_set<std::string> keys;
    std::vector<Built> merged;  // values of `<<`
  };

  bool expects_key() const { return !open_.empty() && open_.back().built.value.is_object() && !open_.back().key; }
  void take_key(std::string key, Mark mark, bool is_merge);
  void refuse_open_quote(const YAML::Mark& at) const;
  void put(Built built);
  void open(json::Value container, Mark mark, const std::string& tag, YAML::anchor_t anchor);
  void close();
  void remember(YAML::anchor_t anchor, const Built& built);
  void merge(Open& map);
  void spend(const json::Value& copied, Mark mark);

  std::string_view text_;
  Built root_;
  bool seen_document_ = false;
  std::vector<Open> open_;
  std::map<YAML::anchor_t, Built> anchors_;
  std::size_t left_ = std::size_t{64} << 20;  // bytes that aliases may still unfold into
};

}  // namespace sallyport::yaml
