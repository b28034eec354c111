#include "http/field_name.h"

#include "http/headers.h"

#include <gtest/gtest.h>

#include <string>

namespace sallyport::http {
namespace {

TEST(FieldName, IsKnownInAnyCase) {
  EXPECT_EQ(known_field("te"), FieldName::kTe);
  EXPECT_EQ(known_field("Host"), FieldName::kHost);
  EXPECT_EQ(known_field("COOKIE"), FieldName::kCookie);
  EXPECT_EQ(known_field("X-Real-IP"), FieldName::kXRealIp);
  EXPECT_EQ(known_field("Content-length"), FieldName::kContentLength);
  EXPECT_EQ(known_field("x-fOrwarded-host"), FieldName::kXForwardedHost);
  EXPECT_EQ(known_field("Transfer-Encoding"), FieldName::kTransferEncoding);
}

TEST(FieldName, OneOtherByteMakesAnotherName) {
  for (std::string name : {"te",
                           "host",
                           "date",
                           "expect",
                           "server",
                           "cookie",
                           "trailer",
                           "upgrade",
                           "referer",
                           "location",
                           "forwarded",
                           "x-real-ip",
                           "connection",
                           "keep-alive",
                           "user-agent",
                           "content-type",
                           "content-length",
                           "x-forwarded-for",
                           "x-forwarded-host",
                           "x-forwarded-port",
                           "x-forwarded-proto",
                           "proxy-connection",
                           "transfer-encoding"}) {
    for (char& c : name) {
      char kept = c;
      for (int other = 0; other < 256; ++other) {
        c = static_cast<char>(other);
        bool same = (c | 0x20) == kept && ((c >= 'A' && c <= 'Z') || c == kept);
        if (c == '_' && kept == '-') continue;  // a disguise
        EXPECT_EQ(known_field(name) != FieldName::kOther, same) << name;
      }
      c = kept;
    }
    EXPECT_EQ(known_field(name + "s"), FieldName::kOther);
    EXPECT_EQ(known_field(name.substr(1)), FieldName::kOther);
  }
  EXPECT_EQ(known_field(""), FieldName::kOther);
}

TEST(FieldName, UnderscoresForHyphensAreADisguise) {
  for (std::string_view name : {"X_Real_IP", "x-real_ip", "x_forwarded_for", "X-Forwarded_Proto", "CONTENT_LENGTH",
                                "transfer_encoding", "Proxy_Connection", "user_agent"}) {
    EXPECT_EQ(known_field(name), FieldName::kDisguised) << name;
  }
  for (std::string_view name : {"x_real_i_", "ho_st", "x-real.ip", "x real ip", "_ser-agent", "x_other", "_"}) {
    EXPECT_EQ(known_field(name), FieldName::kOther) << name;
  }
  Arena arena;
  Headers headers(arena);
  headers.add("X_Real_IP", "1");
  headers.add("Content_Length", "2");
  EXPECT_EQ(headers.get("x_real_ip"), "1");
  EXPECT_EQ(headers.get("content_length"), "2");
  EXPECT_FALSE(headers.has("X-Real-IP"));
}

TEST(FieldName, ValuesHoldNoControlBytesWhereverTheyStand) {
  EXPECT_TRUE(is_field_value("a\tb \xc3\xa4"));
  for (std::size_t size = 1; size < 40; ++size) {
    for (std::size_t at = 0; at < size; ++at) {
      for (char bad : {'\0', '\n', '\r', '\x1f', '\x7f'}) {
        std::string value(size, 'x');
        value[at] = bad;
        EXPECT_FALSE(is_field_value(value));
      }
    }
  }
}

TEST(FieldName, NamesAreTokens) {
  EXPECT_TRUE(is_field_name("X-!#$%&'*+-.^_`|~09"));
  for (std::string name : {"", "a b", "a:", "a\t", "(a)", "a/b", "\"a\"", "a\xc3", "a\x7f"}) {
    EXPECT_FALSE(is_field_name(name)) << name;
  }
}

}  // namespace
}  // namespace sallyport::http
