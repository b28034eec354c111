#include "wire/proxy_header.h"

#include <gtest/gtest.h>

#include <string>
#include <string_view>

namespace sallyport::wire {
namespace {

using std::string_literals::operator""s;

const std::string kSignature = "\r\n\r\n\0\r\nQUIT\n"s;

std::string binary(char command, char family, const std::string& rest, int length = -1) {
  const auto size = static_cast<std::size_t>(length < 0 ? static_cast<int>(rest.size()) : length);
  return kSignature + command + family + static_cast<char>(size >> 8) + static_cast<char>(size & 255) + rest;
}

const std::string kPair4 = "\xc0\x00\x02\x07\x0a\x00\x00\x01\x30\x39\x01\xbb"s;  // 192.0.2.7:12345 to 10.0.0.1:443
const std::string kPair6 =
    "\x20\x01\x0d\xb8"s + std::string(11, '\0') + "\x07" + std::string(16, '\x02') + "\x30\x39\x01\xbb"s;

// What it says, whole and cut at every byte: "client", "-" without one, or the reason.
std::string read(const std::string& header) {
  ProxyHeader whole = parse_proxy_header(header);
  for (std::size_t cut = 0; cut < header.size(); ++cut) {
    ProxyHeader part = parse_proxy_header(std::string_view(header).substr(0, cut));
    if (part.status == ParseStatus::kIncomplete) continue;
    EXPECT_EQ(part.status, whole.status) << cut;
    EXPECT_EQ(part.reason, whole.reason) << cut;
    EXPECT_EQ(part.bytes, whole.bytes) << cut;
  }
  ProxyHeader with_more = parse_proxy_header(header + "GET / HTTP/1.1\r\n");
  if (whole.status == ParseStatus::kIncomplete) return "incomplete";
  EXPECT_EQ(with_more.status, whole.status);
  EXPECT_EQ(with_more.bytes, whole.bytes);
  if (whole.status == ParseStatus::kInvalid) return std::string(whole.reason);
  EXPECT_EQ(whole.bytes, header.size());
  return whole.client ? whole.client->to_string() : "-";
}

TEST(ProxyHeader, OfVersion1NamesTheClient) {
  EXPECT_EQ(read("PROXY TCP4 192.0.2.7 10.0.0.1 12345 443\r\n"), "192.0.2.7:12345");
  EXPECT_EQ(read("PROXY TCP4 255.255.255.255 0.0.0.0 0 65535\r\n"), "255.255.255.255:0");
  EXPECT_EQ(read("PROXY TCP6 2001:db8::7 ::1 12345 443\r\n"), "[2001:db8::7]:12345");
}

TEST(ProxyHeader, OfVersion1MayNotKnowTheClient) {
  EXPECT_EQ(read("PROXY UNKNOWN\r\n"), "-");
  EXPECT_EQ(read("PROXY UNKNOWN ffff::1 ffff::2 1 2\r\n"), "-");
}

TEST(ProxyHeader, OfVersion1IsOneLineOfItsForm) {
  EXPECT_EQ(read("PROXY TCP4  192.0.2.7 10.0.0.1 1 2\r\n"), "bad_proxy_address");
  EXPECT_EQ(read("PROXY TCP4 192.0.2.07 10.0.0.1 1 2\r\n"), "bad_proxy_address");
  EXPECT_EQ(read("PROXY TCP4 192.0.2 10.0.0.1 1 2\r\n"), "bad_proxy_address");
  EXPECT_EQ(read("PROXY TCP4 ::1 ::1 1 2\r\n"), "bad_proxy_address");
  EXPECT_EQ(read("PROXY TCP6 192.0.2.7 10.0.0.1 1 2\r\n"), "bad_proxy_address");
  EXPECT_EQ(read("PROXY TCP6 fe80::1%lo ::1 1 2\r\n"), "bad_proxy_address");
  for (const char* ports : {"1", "1 ", " 1 2", "01 2", "1 65536", "-1 2", "1 2 3", "1 2 ", "+1 2", "1 x"}) {
    EXPECT_EQ(read("PROXY TCP4 192.0.2.7 10.0.0.1 "s + ports + "\r\n"), "bad_proxy_port") << ports;
  }
  EXPECT_EQ(read("PROXY TCP5 192.0.2.7 10.0.0.1 1 2\r\n"), "unknown_proxy_protocol");
  EXPECT_EQ(read("PROXY \r\n"), "unknown_proxy_protocol");
  EXPECT_EQ(read("PROXY TCP4 192.0.2.7 10.0.0.1 1 2\n"), "bad_proxy_line");
  EXPECT_EQ(read("PROXY TCP4 192.0.2.7\t10.0.0.1 1 2\r\n"), "bad_proxy_line");
  EXPECT_EQ(read("PROXY UNKNOWN \xff\r\n"), "bad_proxy_line");
  EXPECT_EQ(read("PROXY UNKNOWN a\rb\r\n"), "bad_proxy_line");
  EXPECT_EQ(read("PROXY UNKNOWN " + std::string(91, 'x') + "\r\n"), "-") << "107 bytes";
  EXPECT_EQ(read("PROXY UNKNOWN " + std::string(92, 'x') + "\r\n"), "proxy_line_too_long");
}

TEST(ProxyHeader, IsTheFirstOfAConnection) {
  EXPECT_EQ(read("GET / HTTP/1.1\r\n"), "no_proxy_header");
  EXPECT_EQ(read("proxy TCP4 192.0.2.7 10.0.0.1 1 2\r\n"), "no_proxy_header");
  EXPECT_EQ(read("PRI * HTTP/2.0\r\n"), "no_proxy_header");
  EXPECT_EQ(read("\r\n\r\n\0\r\nQUIT\r"s), "no_proxy_header");
  EXPECT_EQ(read("PROX"), "incomplete");
}

TEST(ProxyHeader, OfVersion2NamesTheClient) {
  EXPECT_EQ(read(binary('\x21', '\x11', kPair4)), "192.0.2.7:12345");
  EXPECT_EQ(read(binary('\x21', '\x21', kPair6)), "[2001:db8::7]:12345");
  EXPECT_EQ(read(binary('\x21', '\x11', kPair4 + "\x04\x00\x02??\xea\x00\x00"s)), "192.0.2.7:12345");
}

TEST(ProxyHeader, OfVersion2MayBeTheBalancersOwn) {
  EXPECT_EQ(read(binary('\x20', '\x00', "")), "-");
  EXPECT_EQ(read(binary('\x20', '\x11', kPair4)), "-") << "its addresses are to be ignored";
  EXPECT_EQ(read(binary('\x20', '\x31', std::string(216, 'x'))), "-");
  EXPECT_EQ(read(binary('\x21', '\x00', "whatever")), "-");
}

TEST(ProxyHeader, OfVersion2IsWholeAndSpeaksOfTcp) {
  EXPECT_EQ(read(binary('\x11', '\x11', kPair4)), "unknown_proxy_command");
  EXPECT_EQ(read(binary('\x22', '\x11', kPair4)), "unknown_proxy_command");
  for (char family : {'\x12', '\x22', '\x31', '\x32', '\x01', '\x41', '\xff'}) {
    EXPECT_EQ(read(binary('\x21', family, std::string(216, 'x'))), "unknown_proxy_family");
  }
  EXPECT_EQ(read(binary('\x21', '\x11', kPair4.substr(1))), "bad_proxy_length");
  EXPECT_EQ(read(binary('\x21', '\x21', kPair4)), "bad_proxy_length");
  EXPECT_EQ(read(binary('\x21', '\x11', kPair4, 65535)), "proxy_header_too_long");
  EXPECT_EQ(read(binary('\x21', '\x11', kPair4, 100)), "incomplete");
}

TEST(ProxyHeader, TlvsAreWellFormed) {
  for (const std::string& tlvs : {"\x04"s, "\x04\x00"s, "\x04\x00\x01"s, "\x04\x00\x01xy"s, "\x04\xff\xffx"s}) {
    EXPECT_EQ(read(binary('\x21', '\x11', kPair4 + tlvs)), "bad_proxy_tlv");
  }
}

}  // namespace
}  // namespace sallyport::wire
