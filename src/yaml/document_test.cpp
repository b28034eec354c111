#include "yaml/document.h"

#include "json/parse.h"

#include <gmock/gmock.h>

namespace sallyport::yaml {
namespace {

using ::testing::HasSubstr;
using ::testing::StartsWith;

// The document as JSON text, or the error.
std::string read(std::string_view text) {
  auto document = Document::parse(text, "a.yaml");
  return document ? json::print(document->value()) : document.error().what;
}

Document parse(std::string_view text) {
  auto document = Document::parse(text, "a.yaml");
  EXPECT_TRUE(document) << document.error().what;
  return *std::move(document);
}

TEST(YamlDocument, PlainScalarsAreTypedByTheCoreSchema) {
  EXPECT_EQ(read("[null, ~, Null, true, False, yes, no, on]"), R"([null,null,null,true,false,"yes","no","on"])");
  EXPECT_EQ(read("[1, -2, +3, 012, 0x1F, 0o17, 9223372036854775807]"), "[1,-2,3,12,31,15,9223372036854775807]");
  EXPECT_EQ(read("[1.5, -.5, 2., 1e3, 1.0]"), "[1.5,-0.5,2,1000,1]");
  EXPECT_EQ(read("[1.2.3, 127.0.0.1, 1e, 0x, 0xg, 0x-1, '+', ., -, e5, 1_000, 12:30]"),
            R"(["1.2.3","127.0.0.1","1e","0x","0xg","0x-1","+",".","-","e5","1_000","12:30"])");
  EXPECT_EQ(read("9223372036854775808"), json::print(json::Value(9223372036854775808.0)));
}

TEST(YamlDocument, QuotedAndBlockScalarsAreText) {
  EXPECT_EQ(read(R"(["1", 'true', "", '~'])"), R"(["1","true","","~"])");
  EXPECT_EQ(read("a: |\n  1\nb: >-\n  x\n  y\n"), R"({"a":"1\n","b":"x y"})");
  EXPECT_EQ(read("[!!str 1, !!int 1, !!float 2, !!bool true, !!null ~]"), R"(["1",1,2,true,null])");
}

TEST(YamlDocument, EmptyTextsAreNull) {
  for (std::string_view text : {"", "# only a comment\n", "---\n", "\xef\xbb\xbf"}) EXPECT_EQ(read(text), "null");
}

TEST(YamlDocument, KeysAreTheirTextInWrittenOrder) {
  EXPECT_EQ(read("127.0.0.1:1980: 1\n1: a\ntrue: b\n\"x\": c\n"), R"({"127.0.0.1:1980":1,"1":"a","true":"b","x":"c"})");
}

TEST(YamlDocument, AliasesAreCopies) {
  EXPECT_EQ(read("a: &n {x: [1]}\nb: *n\nc: &t text\nd: {*t : *n}\n"),
            R"({"a":{"x":[1]},"b":{"x":[1]},"c":"text","d":{"text":{"x":[1]}}})");
}

TEST(YamlDocument, MergedMembersYieldToOwnOnesAndToEarlierMerges) {
  EXPECT_EQ(read("a: &a {x: 1, y: 1}\nb: &b {y: 2, z: 2}\nc: {<<: [*a, *b], x: 9}\nd: {'<<': 1}\n"),
            R"({"a":{"x":1,"y":1},"b":{"y":2,"z":2},"c":{"x":9,"y":1,"z":2},"d":{"<<":1}})");
  EXPECT_THAT(read("a: {<<: 1}"), HasSubstr("a.yaml:1:5: `<<` merges a map"));
}

TEST(YamlDocument, DuplicateKeysAreRefusedWithTheirPlace) {
  EXPECT_EQ(read("a:\n  b: 1\n  c: 1\n  b: 2\n"), "a.yaml:4:3: the key \"b\" appears twice in one map");
  EXPECT_THAT(read("{'': 1, '': 2}"), HasSubstr("appears twice"));
}

TEST(YamlDocument, WhatJsonCannotHoldIsRefusedWithItsPlace) {
  EXPECT_EQ(read("a: .inf"), "a.yaml:1:4: .inf is no number that JSON can hold; quote it if it is text");
  EXPECT_THAT(read("? [a]\n: 1"), HasSubstr("a key must be a scalar"));
  EXPECT_THAT(read("~: 1"), HasSubstr("a key is missing or null"));
  EXPECT_EQ(read("a: !mine x"), "a.yaml:1:4: the tag !mine is not understood here; remove it");
  EXPECT_THAT(read("a: !!set {x}"), HasSubstr("is not understood here"));
  EXPECT_THAT(read("a: 1\n---\nb: 2\n"), StartsWith("a.yaml:2:1: a second document begins"));
}

TEST(YamlDocument, SyntaxErrorsNameTheirPlace) {
  EXPECT_THAT(read("a: [1\n"), StartsWith("a.yaml:2:1: "));
  EXPECT_THAT(read("a: 1\n\tb: 2\n"), StartsWith("a.yaml:2:1: "));
  EXPECT_THAT(read("a: *nobody"), StartsWith("a.yaml:1:4: "));
}

TEST(YamlDocument, AliasBombsAreRefused) {
  std::string bomb = "a0: &a0 [0123456789,0123456789]\n";
  for (int i = 1; i < 30; ++i) {
    std::string last = "*a" + std::to_string(i - 1);
    bomb += "a" + std::to_string(i) + ": &a" + std::to_string(i) + " [" + last + "," + last + "]\n";
  }
  EXPECT_THAT(read(bomb), HasSubstr("unfold into more than 64 MiB"));
  EXPECT_THAT(read("a: &a [*a]"), HasSubstr("stands inside what it is an alias of"));
}

TEST(YamlDocument, NestingHasALimit) {
  EXPECT_THAT(read(std::string(129, '[') + std::string(129, ']')), HasSubstr("nested deeper than 128 levels"));
  EXPECT_THAT(read(std::string(100'000, '[')), StartsWith("a.yaml:1:"));
  EXPECT_THAT(read(std::string(128, '[') + std::string(128, ']')), StartsWith("[[["));
}

TEST(YamlDocument, EveryPartKnowsItsPlace) {
  Document document = parse("routes:\n  - id: 1\n    uri: /a\n    a/b~c: [x,\n      y]\n  -\n    id: 2\n");
  EXPECT_EQ(document.where(""), "a.yaml:1:1");
  EXPECT_EQ(document.where("/routes"), "a.yaml:1:1");
  EXPECT_EQ(document.where("/routes/0"), "a.yaml:2:5");
  EXPECT_EQ(document.where("/routes/0/uri"), "a.yaml:3:5");
  EXPECT_EQ(document.where("/routes/0/a~1b~0c/1"), "a.yaml:5:7");
  EXPECT_EQ(document.where("/routes/1"), "a.yaml:7:5");
}

TEST(YamlDocument, APartThatIsNotThereHasThePlaceOfWhatItIsMissingFrom) {
  Document document = parse("a:\n  b: 1\nc: &x {d: 1}\ne: *x\n");
  EXPECT_EQ(document.where("/a/z/y"), "a.yaml:1:1");
  EXPECT_EQ(document.where("/a/b/0"), "a.yaml:2:3");
  EXPECT_EQ(document.where("/e/d"), "a.yaml:4:1");
}

}  // namespace
}  // namespace sallyport::yaml
