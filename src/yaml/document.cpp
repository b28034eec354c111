#include "yaml/document.h"

#include "base/bytes.h"
#include "yaml/builder.h"
#include "yaml/syntax_hint.h"

#include <fmt/format.h>
#include <yaml-cpp/exceptions.h>
#include <yaml-cpp/parser.h>

#include <sstream>
#include <utility>

namespace sallyport::yaml {
namespace {

std::unexpected<Error> refuse(const std::string& name, Mark mark, std::string_view cause) {
  return fail(ErrorCode::kInvalid, fmt::format("{}:{}:{}: {}", name, mark.line, mark.column, cause));
}

std::string with_hint(std::string_view text, Mark mark, const std::string& cause) {
  const std::string hint = syntax_hint(text, mark, cause);
  return hint.empty() ? cause : cause + "; " + hint;
}

// One token of a JSON pointer, unescaped (RFC 6901 4).
std::string unescape(std::string_view token) {
  std::string out;
  for (std::size_t i = 0; i < token.size(); ++i) {
    bool escaped = token[i] == '~' && i + 1 < token.size();
    out += escaped ? (token[++i] == '1' ? '/' : '~') : token[i];
  }
  return out;
}

// Where in the array or object the token leads to; nothing when there is no such part.
std::optional<std::size_t> position(const json::Value& value, const std::string& token) {
  if (value.is_array()) {
    auto index = parse_unsigned(token);
    return index && *index < value.array().size() ? index : std::nullopt;
  }
  if (!value.is_object()) return {};
  std::size_t at = 0;
  for (const auto& member : value.object()) {
    if (member.first == token) return at;
    ++at;
  }
  return {};
}

const json::Value& part(const json::Value& value, std::size_t position) {
  return value.is_array() ? value.array()[position]
                          : (value.object().begin() + static_cast<std::ptrdiff_t>(position))->second;
}

}  // namespace

Document::Document(std::string name, json::Value value, Marks marks)
    : name_(std::move(name)), value_(std::move(value)), marks_(std::move(marks)) {}

Result<Document> Document::parse(std::string_view text, std::string name) {
  Builder builder(text);
  try {
    std::istringstream stream{std::string(text)};
    YAML::Parser parser(stream);
    while (parser.HandleNextDocument(builder)) {
    }
  } catch (const Refusal& refusal) {
    return refuse(name, refusal.mark, with_hint(text, refusal.mark, refusal.cause));
  } catch (const YAML::Exception& error) {
    const Mark mark{error.mark.line + 1, error.mark.column + 1};
    return refuse(name, mark, with_hint(text, mark, error.msg));
  }
  Builder::Built built = builder.take();
  return Document(std::move(name), std::move(built.value), std::move(built.marks));
}

std::string Document::where(std::string_view pointer) const {
  Mark mark = locate(pointer);
  return fmt::format("{}:{}:{}", name_, mark.line, mark.column);
}

Mark Document::locate(std::string_view pointer) const {
  const Marks* marks = &marks_;
  const json::Value* value = &value_;
  while (pointer.starts_with('/')) {
    std::size_t end = pointer.find('/', 1);
    auto at = position(*value, unescape(pointer.substr(1, end == std::string_view::npos ? end : end - 1)));
    if (!at || *at >= marks->children.size()) break;
    marks = &marks->children[*at];
    value = &part(*value, *at);
    pointer = end == std::string_view::npos ? "" : pointer.substr(end);
  }
  return marks->mark;
}

}  // namespace sallyport::yaml
