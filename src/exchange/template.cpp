#include "exchange/template.h"

#include "base/bytes.h"
#include "exchange/exchange.h"

#include <algorithm>

namespace sallyport::exchange {
namespace {

constexpr bool is_name_byte(char c) {
  return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == '_' || c == '.';
}

constexpr bool is_digit(char c) { return c >= '0' && c <= '9'; }

// What stands behind a "$".
struct Reference {
  std::string_view name;
  std::string_view otherwise;
  std::size_t size = 0;  // with the "$" and the braces; 0: this is no reference
};

Reference braced_reference(std::string_view text) {
  std::size_t end = text.find('}');
  if (end == std::string_view::npos) return {};
  std::string_view inner = trim(text.substr(2, end - 2));
  std::size_t mark = inner.find("??");
  std::string_view name = trim(inner.substr(0, mark));
  if (name.empty()) return {};
  std::string_view otherwise = mark == std::string_view::npos ? std::string_view{} : trim(inner.substr(mark + 2));
  return {name, otherwise, end + 1};
}

Reference reference_at(std::string_view text) {
  if (text.size() > 1 && text[1] == '{') return braced_reference(text);
  bool numbered = text.size() > 1 && is_digit(text[1]);
  auto end = std::find_if_not(text.begin() + 1, text.end(), numbered ? is_digit : is_name_byte);
  auto size = static_cast<std::size_t>(end - text.begin());
  if (size == 1) return {};
  return {text.substr(1, size - 1), {}, size};
}

Template::Part part_of(const Reference& reference) {
  Template::Part part;
  if (auto number = parse_unsigned(reference.name)) {
    part.group = number;
  } else {
    part.variable.emplace(reference.name);
    part.otherwise = reference.otherwise;
  }
  return part;
}

}  // namespace

Template::Template(std::string_view text) {
  std::string literal;
  auto end_literal = [&] {
    if (!literal.empty()) parts_.push_back(Part{std::move(literal)});
    literal.clear();
  };
  for (std::size_t at = 0; at < text.size();) {
    bool escaped = at > 0 && text[at - 1] == '\\';
    Reference reference = text[at] == '$' && !escaped ? reference_at(text.substr(at)) : Reference{};
    if (reference.size == 0) {
      literal.push_back(text[at++]);
      continue;
    }
    end_literal();
    parts_.push_back(part_of(reference));
    constant_ = false;
    at += reference.size;
  }
  end_literal();
}

std::string_view Template::render(const Exchange& exchange, Escape escape, const Groups& groups) const {
  if (constant_) return parts_.empty() ? std::string_view{} : std::string_view(parts_.front().text);
  std::string out;
  for (const Part& part : parts_) {
    if (part.group) {
      if (*part.group < groups.size()) out.append(groups[*part.group]);
    } else if (part.variable) {
      std::string_view value = part.variable->of(exchange).value_or(part.otherwise);
      if (escape) {
        out.append(escape(value));
      } else {
        out.append(value);
      }
    } else {
      out.append(part.text);
    }
  }
  return exchange.arena.copy(out);
}

std::string_view resolve_variables(std::string_view text, const Exchange& exchange) {
  if (text.find('$') == std::string_view::npos) return text;
  Template compiled(text);
  return compiled.is_constant() ? text : compiled.render(exchange);
}

}  // namespace sallyport::exchange
