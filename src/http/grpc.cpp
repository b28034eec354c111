#include "http/grpc.h"

#include "base/bytes.h"
#include "http/call.h"

#include <algorithm>
#include <charconv>
#include <cstdint>

namespace sallyport::http {
namespace {

constexpr std::string_view kType = "application/grpc";

// Milliseconds of a unit, or parts of one.
struct Unit {
  char name;
  std::int64_t multiply;
  std::int64_t divide;
};
constexpr Unit kUnits[] = {{'H', 3'600'000, 1}, {'M', 60'000, 1}, {'S', 1000, 1},
                           {'m', 1, 1},         {'u', 1, 1000},   {'n', 1, 1'000'000}};

}  // namespace

bool is_grpc(std::string_view content_type) noexcept {
  if (content_type.size() < kType.size() || !equals_ignoring_case(content_type.substr(0, kType.size()), kType)) {
    return false;
  }
  return content_type.size() == kType.size() ||
         std::string_view("+; ").find(content_type[kType.size()]) != std::string_view::npos;
}

bool is_grpc(const Headers& headers) noexcept {
  const auto type = headers.get(FieldName::kContentType);
  return type && is_grpc(*type);
}

int grpc_status_of(int http_status) noexcept {
  switch (http_status) {
    case 200:
      return 0;
    case 400:
      return grpc::kInternal;
    case 401:
      return grpc::kUnauthenticated;
    case 403:
      return grpc::kPermissionDenied;
    case 404:
      return grpc::kUnimplemented;
    case 429:
    case 502:
    case 503:
    case 504:
      return grpc::kUnavailable;
    default:
      return grpc::kUnknown;
  }
}

std::optional<Milliseconds> parse_grpc_timeout(std::string_view text) noexcept {
  constexpr std::size_t kMostDigits = 8;
  if (text.size() < 2 || text.size() > kMostDigits + 1) return std::nullopt;
  const std::string_view digits = text.substr(0, text.size() - 1);
  std::uint64_t value = 0;
  auto [end, error] = std::from_chars(digits.data(), digits.data() + digits.size(), value);
  if (error != std::errc() || end != digits.data() + digits.size()) return std::nullopt;
  for (const Unit& unit : kUnits) {
    if (unit.name != text.back()) continue;
    const std::int64_t scaled = static_cast<std::int64_t>(value) * unit.multiply;
    return std::max(Milliseconds(1), Milliseconds((scaled + unit.divide - 1) / unit.divide));
  }
  return std::nullopt;
}

std::string grpc_message(std::string_view text) { return percent_encode(text, " !\"#$&'()*+,/:;<=>?@[\\]^`{|}"); }

void make_grpc_answer(Response& answer, int status, std::string_view message) {
  answer.status = 200;
  answer.body.clear();
  replace(answer.headers, "Content-Type", kType);
  answer.headers.emplace_back("grpc-status", std::to_string(status));
  if (!message.empty()) answer.headers.emplace_back("grpc-message", grpc_message(message));
}

}  // namespace sallyport::http
