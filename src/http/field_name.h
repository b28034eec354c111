#pragma once
// Field names the gateway itself acts on, so that it compares a number instead of text (RFC 9110 16.3.1).

#include <cstdint>
#include <string_view>

namespace sallyport::http {

enum class FieldName : std::uint8_t {
  kOther,
  kDisguised,  // one of the below, but with underscores for hyphens, which many a program takes for the same
  kTe,
  kHost,
  kDate,
  kExpect,
  kServer,
  kCookie,
  kTrailer,
  kUpgrade,
  kReferer,
  kLocation,
  kForwarded,
  kKeepAlive,
  kXRealIp,
  kUserAgent,
  kConnection,
  kContentType,
  kContentLength,
  kXForwardedFor,
  kXForwardedHost,
  kXForwardedPort,
  kXForwardedProto,
  kProxyConnection,
  kTransferEncoding,
};

// For sets of known names, as numbers.
constexpr std::uint32_t bit_of(FieldName name) { return std::uint32_t{1} << static_cast<unsigned>(name); }

// Whether fields of that name are all alike; of others the name itself has to be looked at.
constexpr bool is_one_name(FieldName name) { return name > FieldName::kDisguised; }

// Any case.
FieldName known_field(std::string_view name) noexcept;

// token characters of RFC 9110 5.6.2, at least one
bool is_field_name(std::string_view name) noexcept;
// no control bytes but HTAB; no CR, LF, NUL (RFC 9110 5.5)
bool is_field_value(std::string_view value) noexcept;

}  // namespace sallyport::http
