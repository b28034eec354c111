#include "http/call.h"

#include "base/bytes.h"

#include <algorithm>

namespace sallyport::http {

OwnedFields owned(const Headers& fields) {
  OwnedFields copies;
  copies.reserve(fields.size());
  for (const Field& field : fields) copies.emplace_back(field.name, field.value);
  return copies;
}

std::optional<std::string_view> first_value(const OwnedFields& fields, std::string_view name) {
  auto found = std::ranges::find_if(fields, [&](const auto& field) { return equals_ignoring_case(field.first, name); });
  if (found == fields.end()) return std::nullopt;
  return found->second;
}

void replace(OwnedFields& fields, std::string_view name, std::string_view value) {
  std::erase_if(fields, [&](const auto& field) { return equals_ignoring_case(field.first, name); });
  fields.emplace_back(name, value);
}

}  // namespace sallyport::http
