#pragma once
// Regular expressions in nginx's dialect (PCRE2), compiled once, with a match limit so that no pattern can run away.
// A Regex is immutable and shared by all workers.

#include "base/result.h"

#include <memory>
#include <string>
#include <string_view>
#include <vector>

namespace sallyport {

class Regex {
 public:
  enum class Case { kSensitive, kIgnored };

  // Error: kInvalid with PCRE2's text and the offset.
  static Result<Regex> compile(std::string_view pattern, Case match_case = Case::kSensitive);

  Regex(Regex&&) noexcept;
  Regex& operator=(Regex&&) noexcept;
  ~Regex();

  // Whether the pattern occurs anywhere in `text`; a match that exceeds the limit counts as none.
  bool matches(std::string_view text) const;

  // The groups of the first match ([0] is the whole), empty when there is none.
  std::vector<std::string_view> capture(std::string_view text) const;

  // `text` with the first match, or each, replaced; `$1`, `${1}` and `$0` stand for groups, `$$` for a
  // dollar.
  std::string replace(std::string_view text, std::string_view replacement, bool each) const;

 private:
  struct Code;
  explicit Regex(std::unique_ptr<Code> code);
  std::unique_ptr<Code> code_;
};

}  // namespace sallyport
