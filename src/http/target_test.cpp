#include "http/target.h"

#include <gtest/gtest.h>

#include <string>

namespace sallyport::http {
namespace {

// "uri path?query", or "!fault"
std::string normalised(std::string_view target, EncodedSlash encoded_slash = EncodedSlash::kRefuse) {
  Arena arena;
  auto result = normalise_target(target, arena, encoded_slash);
  if (!result) return "!" + std::string(result.error());
  std::string text = std::string(result->uri) + " " + std::string(result->path);
  if (result->has_query) text += "?" + std::string(result->query);
  return text;
}

TEST(Target, APlainPathIsAViewOfTheTarget) {
  Arena arena;
  std::string_view target = "/a/b.c/d;e=1?x=/../%2F&y";
  auto result = normalise_target(target, arena);
  ASSERT_TRUE(result);
  EXPECT_EQ(result->uri.data(), target.data());
  EXPECT_EQ(result->path.data(), target.data());
  EXPECT_EQ(result->uri, "/a/b.c/d;e=1");
  EXPECT_EQ(result->query, "x=/../%2F&y");
}

TEST(Target, AQueryMayBeEmptyOrAbsent) {
  EXPECT_EQ(normalised("/a"), "/a /a");
  EXPECT_EQ(normalised("/a?"), "/a /a?");
  EXPECT_EQ(normalised("/a?b?c"), "/a /a?b?c");
}

TEST(Target, UriIsDecodedAndPathIsNot) {
  EXPECT_EQ(normalised("/%41%20b/%c3%a4"), "/A b/\xc3\xa4 /%41%20b/%c3%a4");
  EXPECT_EQ(normalised("/a%3Fb%23c"), "/a?b#c /a%3Fb%23c");
  EXPECT_EQ(normalised("/a%252Fb"), "/a%2Fb /a%252Fb");
}

TEST(Target, DotSegmentsAreResolvedInBothViews) {
  EXPECT_EQ(normalised("/a/./b"), "/a/b /a/b");
  EXPECT_EQ(normalised("/a/../b"), "/b /b");
  EXPECT_EQ(normalised("/a/b/.."), "/a/ /a/");
  EXPECT_EQ(normalised("/a/."), "/a/ /a/");
  EXPECT_EQ(normalised("/."), "/ /");
  EXPECT_EQ(normalised("/a/.."), "/ /");
  EXPECT_EQ(normalised("/%61/../%62"), "/b /%62");
  EXPECT_EQ(normalised("/.a/..b/c./..."), "/.a/..b/c./... /.a/..b/c./...");
}

TEST(Target, SlashesAreMergedInUriOnly) {
  EXPECT_EQ(normalised("//a///b//"), "/a/b/ //a///b//");
  EXPECT_EQ(normalised("//"), "/ //");
}

TEST(Target, BothViewsLoseTheSameSegment) {
  EXPECT_EQ(normalised("/a//../b"), "/b /b");
  EXPECT_EQ(normalised("//a/..//b"), "/b ///b");
  EXPECT_EQ(normalised("/admin//../x"), "/x /x");
}

TEST(Target, NothingIsAboveTheRoot) {
  EXPECT_EQ(normalised("/.."), "!above_root");
  EXPECT_EQ(normalised("/../a"), "!above_root");
  EXPECT_EQ(normalised("/a/../../b"), "!above_root");
  EXPECT_EQ(normalised("//../b"), "!above_root");
}

TEST(Target, DecodingDoesNotMakeStructure) {
  EXPECT_EQ(normalised("/a%2fb"), "!encoded_slash");
  EXPECT_EQ(normalised("/a%5Cb"), "!encoded_backslash");
  EXPECT_EQ(normalised("/a%00"), "!encoded_nul");
  EXPECT_EQ(normalised("/%2e%2E/a"), "!encoded_dot_segment");
  EXPECT_EQ(normalised("/a/.%2e"), "!encoded_dot_segment");
  EXPECT_EQ(normalised("/a/%2e/b"), "!encoded_dot_segment");
  EXPECT_EQ(normalised("/a/%2e%2e%2e"), "/a/... /a/%2e%2e%2e");
}

TEST(Target, AnEncodedSlashMayBeKept) {
  EXPECT_EQ(normalised("/a%2fb%41", EncodedSlash::kKeep), "/a%2fbA /a%2fb%41");
  EXPECT_EQ(normalised("/a/..%2fb", EncodedSlash::kKeep), "!encoded_dot_segment");
  EXPECT_EQ(normalised("/a/b%2F%2e%2e", EncodedSlash::kKeep), "!encoded_dot_segment");
  EXPECT_EQ(normalised("/a/b%2F..%2Fc", EncodedSlash::kKeep), "!encoded_dot_segment");
}

TEST(Target, EscapesHaveTwoHexDigits) {
  for (const char* target : {"/%", "/%4", "/%4/1", "/%zz", "/%-1", "/%u0041", "/a%"}) {
    EXPECT_EQ(normalised(target), "!bad_escape") << target;
  }
  EXPECT_EQ(normalised("/a?%zz"), "/a /a?%zz");
}

TEST(Target, OverlongUtf8IsRefusedAndOtherBytesPass) {
  for (const char* target : {"/%c0%af", "/%C1%81", "/%e0%80%af", "/%e0%9f%bf", "/%f0%80%80%af", "/%f8%80%80%80%af"}) {
    EXPECT_EQ(normalised(target), "!overlong_utf8") << target;
  }
  for (const char* target : {"/%c2%80", "/%e0%a0%80", "/%f0%90%80%80", "/%e9", "/%c0", "/%ff%fe"}) {
    EXPECT_FALSE(normalised(target).starts_with('!')) << target;
  }
}

TEST(Target, BytesThatDoNotBelongAreRefused) {
  using namespace std::string_literals;
  for (const auto& target : {"/a\\b"s, "/a b"s, "/a\tb"s, "/a#b"s, "/a\x7f"s, "/\xc3\xa4"s, "/a\0"s}) {
    EXPECT_EQ(normalised(target), "!bad_path_byte") << target;
  }
  EXPECT_EQ(normalised("/a?b c"), "!bad_query_byte");
  EXPECT_EQ(normalised("/a?b#c"), "!bad_query_byte");
}

TEST(Target, OtherForms) {
  EXPECT_EQ(normalised("*"), "* *");
  EXPECT_EQ(normalised("http://a.test/b/../c?d"), "/c /c?d");
  EXPECT_EQ(normalised("HtTpS://a.test"), "/ /");
  EXPECT_EQ(normalised("http://a.test?d"), "/ /?d");
  EXPECT_EQ(normalised("ftp://a.test/"), "!bad_target_form");
  EXPECT_EQ(normalised("a.test:443"), "!bad_target_form");
  EXPECT_EQ(normalised(""), "!bad_target_form");
}

}  // namespace
}  // namespace sallyport::http
