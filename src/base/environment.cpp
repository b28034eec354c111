#include "base/environment.h"

#include "base/bytes.h"

#include <fmt/format.h>

#include <algorithm>
#include <cstdlib>

namespace sallyport {
namespace {

struct Reference {
  std::string name;
  std::optional<std::string_view> otherwise;
  std::size_t size = 0;  // of its text, braces included
};

bool is_name(std::string_view text) {
  auto fits = [](char c) { return (to_lower(c) >= 'a' && to_lower(c) <= 'z') || (c >= '0' && c <= '9') || c == '_'; };
  return !text.empty() && std::all_of(text.begin(), text.end(), fits);
}

// `text` begins with "${{".
std::optional<Reference> read_reference(std::string_view text) {
  std::size_t end = text.find("}}");
  if (end == std::string_view::npos) return {};
  std::string_view inside = text.substr(3, end - 3);
  if (inside.find('\n') != std::string_view::npos) return {};
  Reference reference;
  reference.size = end + 2;
  std::size_t assign = inside.find(":=");
  if (assign != std::string_view::npos) reference.otherwise = trim(inside.substr(assign + 2));
  std::string_view name = trim(inside.substr(0, assign));
  if (!is_name(name)) return {};
  reference.name = name;
  return reference;
}

std::string_view line_before(std::string_view text, std::size_t at) {
  std::size_t newline = at == 0 ? std::string_view::npos : text.rfind('\n', at - 1);
  std::size_t start = newline == std::string_view::npos ? 0 : newline + 1;
  return text.substr(start, at - start);
}

std::unexpected<Error> not_set(std::string_view text, std::size_t at, const std::string& file,
                               const std::string& name) {
  auto line = 1 + std::count(text.begin(), text.begin() + static_cast<std::ptrdiff_t>(at), '\n');
  return fail(
      ErrorCode::kInvalid,
      fmt::format("{}:{}:{}: environment variable {} is not set; set it, or give a default with ${{{{{}:=value}}}}",
                  file, line, line_before(text, at).size() + 1, name, name));
}

}  // namespace

std::optional<std::string> process_environment(const std::string& name) {
  const char* value = std::getenv(name.c_str());
  return value ? std::optional<std::string>(value) : std::nullopt;
}

Result<std::string> substitute_environment(std::string_view text, const std::string& name,
                                           const EnvironmentLookup& lookup) {
  std::string out;
  std::size_t done = 0;
  for (std::size_t at = text.find("${{"); at != std::string_view::npos; at = text.find("${{", at)) {
    auto reference = read_reference(text.substr(at));
    if (!reference) {
      at += 3;
      continue;
    }
    std::optional<std::string> value = lookup(reference->name);
    if (!value && reference->otherwise) value = std::string(*reference->otherwise);
    bool comment = trim(line_before(text, at)).starts_with('#');
    if (!value && !comment) return not_set(text, at, name, reference->name);
    if (value) {
      out += text.substr(done, at - done);
      out += *value;
      done = at + reference->size;
    }
    at += reference->size;
  }
  out += text.substr(done);
  return out;
}

}  // namespace sallyport
