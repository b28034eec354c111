#pragma once
// How a client that knows by itself that HTTP/2 is spoken begins (RFC 9113 3.3, 3.4).

#include <algorithm>
#include <cstdint>
#include <string_view>

namespace sallyport::h2 {

// What no request of HTTP/1 begins with; the Session checks the rest of the preface.
inline constexpr std::string_view kPrefaceLine = "PRI * HTTP/2.0\r\n";

enum class Preface : std::uint8_t { kNo, kPerhaps, kYes };  // perhaps: more bytes decide

inline Preface look_for_preface(std::string_view bytes) noexcept {
  std::size_t size = std::min(bytes.size(), kPrefaceLine.size());
  if (bytes.substr(0, size) != kPrefaceLine.substr(0, size)) return Preface::kNo;
  return size == kPrefaceLine.size() ? Preface::kYes : Preface::kPerhaps;
}

}  // namespace sallyport::h2
