#include "wire/proxy_header.h"

#include "base/bytes.h"

#include <arpa/inet.h>
#include <netinet/in.h>

#include <algorithm>
#include <array>
#include <cstdint>
#include <cstring>
#include <string>

namespace sallyport::wire {
namespace {

using std::string_view_literals::operator""sv;

constexpr std::string_view kSignature = "\r\n\r\n\0\r\nQUIT\n"sv;
constexpr std::string_view kFirstWord = "PROXY ";

ProxyHeader refuse(std::string_view reason) { return {.status = ParseStatus::kInvalid, .reason = reason}; }

bool is_begun(std::string_view bytes, std::string_view wanted) {
  const std::size_t size = std::min(bytes.size(), wanted.size());
  return bytes.substr(0, size) == wanted.substr(0, size);
}

std::optional<async::Address> make_address(int family, const void* ip, std::uint16_t port) {
  if (family == AF_INET) {
    sockaddr_in address{};
    address.sin_family = AF_INET;
    address.sin_port = htons(port);
    std::memcpy(&address.sin_addr, ip, sizeof address.sin_addr);
    return async::Address(reinterpret_cast<const sockaddr*>(&address), sizeof address);
  }
  sockaddr_in6 address{};
  address.sin6_family = AF_INET6;
  address.sin6_port = htons(port);
  std::memcpy(&address.sin6_addr, ip, sizeof address.sin6_addr);
  return async::Address(reinterpret_cast<const sockaddr*>(&address), sizeof address);
}

// Version 1: a line of words.

// The next word; empty where two spaces follow each other or nothing is left.
std::string_view take_word(std::string_view& line) {
  const std::size_t end = std::min(line.find(' '), line.size());
  std::string_view word = line.substr(0, end);
  line.remove_prefix(std::min(end + 1, line.size()));
  return word;
}

std::optional<std::uint16_t> parse_port(std::string_view text) {
  const auto port = parse_unsigned(text);
  const bool is_usual = text.size() == 1 || !text.starts_with('0');
  if (!port || *port > UINT16_MAX || !is_usual) return std::nullopt;
  return static_cast<std::uint16_t>(*port);
}

bool parse_ip(int family, std::string_view text, void* to) {
  if (text.empty() || text.size() >= INET6_ADDRSTRLEN) return false;
  return ::inet_pton(family, std::string(text).c_str(), to) == 1;
}

ProxyHeader read_addresses(int family, std::string_view line, std::size_t bytes) {
  std::array<unsigned char, sizeof(in6_addr)> source{};
  std::array<unsigned char, sizeof(in6_addr)> destination{};
  const std::string_view from = take_word(line);
  const std::string_view to = take_word(line);
  const auto source_port = parse_port(take_word(line));
  const auto destination_port = parse_port(line);
  if (!parse_ip(family, from, source.data()) || !parse_ip(family, to, destination.data())) {
    return refuse("bad_proxy_address");
  }
  if (!source_port || !destination_port) return refuse("bad_proxy_port");
  return {
      .status = ParseStatus::kComplete, .bytes = bytes, .client = make_address(family, source.data(), *source_port)};
}

ProxyHeader parse_line(std::string_view bytes) {
  constexpr std::size_t kMostLine = 107;
  const std::size_t end = bytes.substr(0, kMostLine).find('\n');
  const std::string_view seen = bytes.substr(0, std::min({end, bytes.size(), kMostLine}));
  const auto is_odd = [](char c) { return c < ' ' || c > '~'; };
  const auto odd = std::ranges::find_if(seen, is_odd);
  const bool has_cr = odd != seen.end() && *odd == '\r' && odd + 1 == seen.end();
  if (odd != seen.end() && !has_cr) return refuse("bad_proxy_line");
  if (end == std::string_view::npos) return bytes.size() >= kMostLine ? refuse("proxy_line_too_long") : ProxyHeader{};
  if (!has_cr) return refuse("bad_proxy_line");
  std::string_view line = seen.substr(0, seen.size() - 1);
  line.remove_prefix(kFirstWord.size());
  const std::string_view protocol = take_word(line);
  if (protocol == "UNKNOWN") return {.status = ParseStatus::kComplete, .bytes = end + 1};
  if (protocol == "TCP4") return read_addresses(AF_INET, line, end + 1);
  if (protocol == "TCP6") return read_addresses(AF_INET6, line, end + 1);
  return refuse("unknown_proxy_protocol");
}

// Version 2: numbers in the order of the network.

std::uint16_t number_at(std::string_view bytes, std::size_t at) {
  return static_cast<std::uint16_t>(static_cast<unsigned char>(bytes[at]) << 8 |
                                    static_cast<unsigned char>(bytes[at + 1]));
}

bool are_tlvs(std::string_view bytes) {
  constexpr std::size_t kTlvHead = 3;
  while (!bytes.empty()) {
    if (bytes.size() < kTlvHead) return false;
    const std::size_t size = kTlvHead + number_at(bytes, 1);
    if (bytes.size() < size) return false;
    bytes.remove_prefix(size);
  }
  return true;
}

constexpr std::size_t kHead = 16;  // signature, command, family, length

enum Family : std::uint8_t { kUnspecified = 0x00, kTcp4 = 0x11, kTcp6 = 0x21 };

std::size_t addresses_of(std::uint8_t family) {
  if (family == kTcp4) return 12;
  return family == kTcp6 ? 36 : 0;
}

ProxyHeader parse_binary(std::string_view bytes) {
  constexpr std::uint8_t kLocal = 0x20;
  constexpr std::uint8_t kProxy = 0x21;
  if (bytes.size() <= kSignature.size()) return {};
  const auto command = static_cast<std::uint8_t>(bytes[12]);
  if (command != kLocal && command != kProxy) return refuse("unknown_proxy_command");
  if (bytes.size() < 14) return {};
  const auto family = static_cast<std::uint8_t>(bytes[13]);
  const bool is_known = family == kUnspecified || family == kTcp4 || family == kTcp6;
  if (command == kProxy && !is_known) return refuse("unknown_proxy_family");
  if (bytes.size() < kHead) return {};
  const std::size_t size = kHead + number_at(bytes, 14);
  if (size > kMostProxyHeader) return refuse("proxy_header_too_long");
  if (command == kProxy && size < kHead + addresses_of(family)) return refuse("bad_proxy_length");
  if (bytes.size() < size) return {};
  ProxyHeader header{.status = ParseStatus::kComplete, .bytes = size};
  if (command == kLocal || family == kUnspecified) return header;
  const std::string_view rest = bytes.substr(kHead, size - kHead);
  if (!are_tlvs(rest.substr(addresses_of(family)))) return refuse("bad_proxy_tlv");
  const bool is_v4 = family == kTcp4;
  header.client = make_address(is_v4 ? AF_INET : AF_INET6, rest.data(), number_at(rest, is_v4 ? 8 : 32));
  return header;
}

}  // namespace

ProxyHeader parse_proxy_header(std::string_view bytes) {
  if (bytes.empty()) return {};
  if (is_begun(bytes, kFirstWord)) return bytes.size() < kFirstWord.size() ? ProxyHeader{} : parse_line(bytes);
  if (is_begun(bytes, kSignature)) return parse_binary(bytes);
  return refuse("no_proxy_header");
}

}  // namespace sallyport::wire
