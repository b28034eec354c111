#include "source/url.h"

#include <gtest/gtest.h>

namespace sallyport::source {
namespace {

TEST(Url, TellsSchemeHostPortAndTarget) {
  auto url = parse_url("https://Files.Example:8443/a/b.wasm?x=1#part");
  ASSERT_TRUE(url);
  EXPECT_TRUE(url->is_secure);
  EXPECT_EQ(url->host, "files.example");
  EXPECT_EQ(url->port, 8443);
  EXPECT_EQ(url->target, "/a/b.wasm?x=1");
  EXPECT_EQ(url->authority(), "files.example:8443");
  EXPECT_EQ(url->shown(), "https://files.example:8443/a/b.wasm");
}

TEST(Url, HasThePortOfItsSchemeAndARootWhereNothingElseIsWritten) {
  EXPECT_EQ(parse_url("http://a")->port, 80);
  EXPECT_EQ(parse_url("https://a")->target, "/");
  EXPECT_EQ(parse_url("https://a?x")->target, "/?x");
  EXPECT_EQ(parse_url("https://[::1]:443/x")->authority(), "[::1]");
}

TEST(Url, IsRefusedWithOtherSchemesWithSpacesAndWithPasswords) {
  for (const char* text : {"", "file:///etc/passwd", "ftp://a/", "https://", "https://a b/", "https://a/\r\nX: y",
                           "https://user:secret@a/", "https://a:0/", "https://a:99999/", "/path"}) {
    EXPECT_FALSE(parse_url(text)) << text;
  }
}

TEST(Url, FollowsAbsoluteAndRelativeAddresses) {
  const Url from = *parse_url("https://a.example/dir/file?x=1");
  EXPECT_EQ(follow(from, "http://b.example/c")->shown(), "http://b.example/c");
  EXPECT_EQ(follow(from, "//b.example/c")->shown(), "https://b.example/c");
  EXPECT_EQ(follow(from, "/other?y")->target, "/other?y");
  EXPECT_EQ(follow(from, "other")->target, "/dir/other");
  EXPECT_EQ(follow(from, "?y=2")->target, "/dir/file?y=2");
}

TEST(Url, FollowsNothingElse) {
  const Url from = *parse_url("https://a.example/dir/file");
  for (const char* location : {"", "javascript:x", "file:///etc/passwd", "a b", "\r\n"}) {
    EXPECT_FALSE(follow(from, location)) << location;
  }
}

TEST(Url, TellsOriginsApartBySchemeHostAndPort) {
  const Url one = *parse_url("https://a.example/x");
  EXPECT_TRUE(one.has_same_origin(*parse_url("https://A.example:443/y")));
  EXPECT_FALSE(one.has_same_origin(*parse_url("https://a.example:444/x")));
  EXPECT_FALSE(one.has_same_origin(*parse_url("http://a.example:443/x")));
  EXPECT_FALSE(one.has_same_origin(*parse_url("https://b.example/x")));
}

}  // namespace
}  // namespace sallyport::source
