#include "source/challenge.h"

#include "base/bytes.h"

#include <optional>

namespace sallyport::source {
namespace {

bool is_token_char(char c) {
  return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') ||
         std::string_view("!#$%&'*+-.^_`|~").find(c) != std::string_view::npos;
}

class Reader {
 public:
  explicit Reader(std::string_view text) : text_(text) {}

  void skip(std::string_view these) {
    while (!text_.empty() && these.find(text_.front()) != std::string_view::npos) text_.remove_prefix(1);
  }
  bool take(char c) {
    if (!text_.starts_with(c)) return false;
    text_.remove_prefix(1);
    return true;
  }
  std::string token() {
    std::string token;
    for (; !text_.empty() && is_token_char(text_.front()); text_.remove_prefix(1)) token += text_.front();
    return token;
  }
  // A token, or what stands between quotes.
  std::optional<std::string> value() {
    if (!take('"')) return token();
    std::string value;
    for (; !text_.empty(); text_.remove_prefix(1)) {
      if (text_.front() == '"') {
        text_.remove_prefix(1);
        return value;
      }
      if (text_.front() == '\\' && text_.size() > 1) text_.remove_prefix(1);
      value += text_.front();
    }
    return std::nullopt;
  }

 private:
  std::string_view text_;
};

void set(Challenge& challenge, const std::string& name, const std::string& value) {
  if (equals_ignoring_case(name, "realm")) challenge.realm = value;
  if (equals_ignoring_case(name, "service")) challenge.service = value;
  if (equals_ignoring_case(name, "scope")) challenge.scope = value;
}

}  // namespace

// A word that "=" follows is a parameter of the challenge before it; another one begins a challenge.
std::vector<Challenge> parse_challenges(std::string_view field) {
  std::vector<Challenge> challenges;
  Reader reader(field);
  for (;;) {
    reader.skip(" \t,");
    const std::string word = reader.token();
    if (word.empty()) return challenges;
    reader.skip(" \t");
    if (!reader.take('=')) {
      challenges.push_back({to_lower(word), {}, {}, {}});
      continue;
    }
    reader.skip(" \t");
    auto value = reader.value();
    if (!value || challenges.empty()) return challenges;
    set(challenges.back(), word, *value);
  }
}

}  // namespace sallyport::source
