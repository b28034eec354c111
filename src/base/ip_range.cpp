#include "base/ip_range.h"

#include "base/bytes.h"

#include <arpa/inet.h>

#include <algorithm>
#include <string>

namespace sallyport {

std::optional<IpAddress> IpAddress::parse(std::string_view text) {
  if (text.starts_with('[') && text.ends_with(']')) text = text.substr(1, text.size() - 2);
  std::array<char, INET6_ADDRSTRLEN> terminated{};
  if (text.size() >= terminated.size() || text.contains('\0')) return std::nullopt;
  std::ranges::copy(text, terminated.begin());
  IpAddress address;
  bool is_v6 = text.find(':') != std::string_view::npos;
  address.bits_ = is_v6 ? 128 : 32;
  if (inet_pton(is_v6 ? AF_INET6 : AF_INET, terminated.data(), address.bytes_.data()) != 1) return std::nullopt;
  return address;
}

Result<IpRange> IpRange::parse(std::string_view text) {
  std::size_t slash = text.find('/');
  auto base = IpAddress::parse(text.substr(0, slash));
  IpRange range;
  std::optional<std::uint64_t> prefix;
  if (base) prefix = slash == std::string_view::npos ? base->bits() : parse_unsigned(text.substr(slash + 1));
  if (!prefix || *prefix > base->bits()) {
    return fail(ErrorCode::kInvalid, "invalid ip address: " + std::string(text));
  }
  range.base_ = *base;
  range.prefix_ = static_cast<unsigned>(*prefix);
  return range;
}

bool IpRange::contains(const IpAddress& address) const noexcept {
  if (address.bits() != base_.bits()) return false;
  std::size_t whole = prefix_ / 8;
  const auto& a = address.bytes();
  const auto& b = base_.bytes();
  if (!std::equal(a.begin(), a.begin() + static_cast<std::ptrdiff_t>(whole), b.begin())) return false;
  unsigned rest = prefix_ % 8;
  return rest == 0 || (a[whole] ^ b[whole]) >> (8 - rest) == 0;
}

Status IpRanges::add(std::string_view range) {
  TRY(IpRange parsed, IpRange::parse(range));
  ranges_.push_back(parsed);
  return {};
}

bool IpRanges::contains(const IpAddress& address) const noexcept {
  return std::ranges::any_of(ranges_, [&](const IpRange& range) { return range.contains(address); });
}

bool IpRanges::contains(std::string_view address) const noexcept {
  auto parsed = IpAddress::parse(address);
  return parsed && contains(*parsed);
}

}  // namespace sallyport
