#include "yaml/syntax_hint.h"

#include "base/bytes.h"

#include <fmt/format.h>

#include <algorithm>
#include <vector>

namespace sallyport::yaml {
namespace {

struct Line {
  int number = 0;  // from 1
  std::string_view text;

  std::string_view indent() const { return text.substr(0, std::min(text.find_first_not_of(" \t"), text.size())); }
  std::string_view content() const { return trim(text); }
  bool says_something() const { return !content().empty() && content().front() != '#'; }
};

// The byte behind the quoted scalar that begins at `at`; nothing when it does not end.
std::optional<std::size_t> behind_quote(std::string_view text, std::size_t at) {
  const char quote = text[at];
  for (std::size_t i = at + 1; i < text.size(); ++i) {
    if (quote == '"' && text[i] == '\\') {
      ++i;
    } else if (text[i] == quote) {
      if (quote == '"' || i + 1 == text.size() || text[i + 1] != '\'') return i + 1;
      ++i;
    }
  }
  return {};
}

// The lines of a broken text, up to the one where the parser gave up.
class Suspect final {
 public:
  Suspect(std::string_view text, Mark mark) : text_(text), mark_(mark) {
    for (std::string_view line : split(text, '\n')) {
      if (static_cast<int>(lines_.size()) == mark.line) break;
      if (line.ends_with('\r')) line.remove_suffix(1);
      lines_.push_back({static_cast<int>(lines_.size()) + 1, line});
    }
  }

  // The line of the mark, and the last one above that says something.
  const Line* here() const { return mark_.line <= static_cast<int>(lines_.size()) ? &lines_.back() : nullptr; }
  const Line* above() const {
    for (auto line = lines_.rbegin(); line != lines_.rend(); ++line) {
      if (line->number < mark_.line && line->says_something()) return &*line;
    }
    return nullptr;
  }
  char at_mark() const {
    const Line* line = here();
    const auto column = static_cast<std::size_t>(mark_.column) - 1;
    return line && column < line->text.size() ? line->text[column] : '\0';
  }

  std::string tab() const {
    for (const Line* line : {here(), above()}) {
      if (!line || line->indent().find('\t') == std::string_view::npos) continue;
      return fmt::format("line {} is indented with a tab; use spaces", line->number);
    }
    return {};
  }

  // A list or mapping in brackets that does not end, or is ended by the other bracket.
  std::string bracket() const {
    std::vector<std::size_t> open;
    for (std::size_t i = 0; i < text_.size(); ++i) {
      const bool begins_word = i == 0 || std::string_view(" \n\t[{,:").find(text_[i - 1]) != std::string_view::npos;
      const char c = text_[i];
      if ((c == '"' || c == '\'') && begins_word) {
        const auto behind = behind_quote(text_, i);
        if (!behind) return fmt::format("the {} of {} is not closed", c, place(i));
        i = *behind - 1;
      } else if (c == '#' && begins_word) {
        i = std::min(text_.find('\n', i), text_.size()) - 1;
      } else if ((c == '[' || c == '{') && (begins_word || !open.empty())) {
        open.push_back(i);
      } else if ((c == ']' || c == '}') && !open.empty()) {
        const char opened = text_[open.back()];
        if ((c == ']') != (opened == '[')) {
          return fmt::format("the {} of {} is not closed before the {} of {}", opened, place(open.back()), c, place(i));
        }
        open.pop_back();
      }
    }
    return open.empty() ? "" : fmt::format("the {} of {} is not closed", text_[open.back()], place(open.back()));
  }

  // "uri:/a", which is a text where a key was meant.
  std::string colon() const {
    for (const Line* line : {here(), above()}) {
      const std::string_view content = line ? line->content() : "";
      const auto at = content.find_first_not_of("abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789_-.");
      if (at == std::string_view::npos || at == 0 || content[at] != ':' || at + 1 == content.size()) continue;
      const std::string_view value = content.substr(at + 1);
      if (value.front() == ' ' || value.starts_with("//")) continue;
      return fmt::format("write a space behind the colon of line {}: `{}: {}`", line->number, content.substr(0, at),
                         value.substr(0, 40));
    }
    return {};
  }

  std::string missing_colon() const {
    const Line* line = above();
    if (!line || line->content().find(':') != std::string_view::npos || line->content().starts_with('-')) return {};
    return fmt::format("line {}, `{}`, has no colon; write `key: value`", line->number, line->content().substr(0, 40));
  }

  // "desc: one: two".
  std::string second_colon() const {
    const Line* line = here();
    const auto first = line ? line->text.find(": ") : std::string_view::npos;
    if (first == std::string_view::npos || first + 1 >= static_cast<std::size_t>(mark_.column)) return {};
    return fmt::format("quote the value of line {}, as it contains a colon and a space", line->number);
  }

  std::string indentation() const {
    const Line *line = here(), *before = above();
    if (!line || !before || line->indent().size() == before->indent().size()) return {};
    return fmt::format("line {} is indented by {} and line {} by {}: keys of one mapping begin in the same column",
                       line->number, line->indent().size(), before->number, before->indent().size());
  }

 private:
  std::string place(std::size_t at) const {
    const std::string_view before = text_.substr(0, at);
    const auto newline = before.rfind('\n');
    return fmt::format("line {}, column {}", std::ranges::count(before, '\n') + 1,
                       newline == std::string_view::npos ? at + 1 : at - newline);
  }

  std::string_view text_;
  Mark mark_;
  std::vector<Line> lines_;
};

std::string first_of(std::initializer_list<std::string> hints) {
  for (const std::string& hint : hints) {
    if (!hint.empty()) return hint;
  }
  return {};
}

}  // namespace

bool quote_is_closed(std::string_view text, std::size_t at) { return behind_quote(text, at).has_value(); }

std::string syntax_hint(std::string_view text, Mark mark, std::string_view cause) {
  const Suspect suspect(text, mark);
  if (std::string tab = suspect.tab(); !tab.empty()) return tab;
  // What does not end is read as a key, too.
  const bool is_of_brackets = cause.find("flow") != std::string_view::npos || cause == "a key must be a scalar";
  if (is_of_brackets) return suspect.bracket();
  if (cause.find("escape") != std::string_view::npos) {
    return "in double quotes a backslash is written twice; in single quotes it is itself";
  }
  if (cause.find("anchor") != std::string_view::npos) return "quote a text that begins with *";
  if (cause.find("unknown token") != std::string_view::npos) {
    const char c = suspect.at_mark();
    return c == '@' || c == '`' || c == '%' ? fmt::format("quote a text that begins with {}", c) : "";
  }
  if (cause.find("map value") != std::string_view::npos) {
    return first_of({suspect.colon(), suspect.second_colon(), suspect.missing_colon(), suspect.indentation()});
  }
  if (cause.find("end of") != std::string_view::npos) {
    return first_of({suspect.colon(), suspect.indentation(), "what stands here does not go on what stands above it"});
  }
  return {};
}

}  // namespace sallyport::yaml
