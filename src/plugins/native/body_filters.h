#pragma once
// Replacements by patterns in a whole body, one after another. Immutable, shared by all workers.

#include "base/regex.h"
#include "base/result.h"
#include "json/value.h"

#include <string>
#include <string_view>
#include <vector>

namespace sallyport::plugins::native {

class BodyFilters {
 public:
  // [{"regex", "replace", "scope": "once" | "global", "options"}, ...]. Error: kInvalid, naming the pattern.
  static Result<BodyFilters> of(const json::Value& written);

  bool empty() const noexcept { return filters_.empty(); }
  std::string apply(std::string body) const;

 private:
  struct Filter {
    Regex pattern;
    std::string replacement;
    bool each;
  };
  std::vector<Filter> filters_;
};

}  // namespace sallyport::plugins::native
