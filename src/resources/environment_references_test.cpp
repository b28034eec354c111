#include "resources/environment_references.h"

#include "json/parse.h"

#include <gmock/gmock.h>

namespace sallyport::resources {
namespace {

using testing::AllOf;
using testing::HasSubstr;
using testing::Not;

std::optional<std::string> lookup(const std::string& name) {
  if (name == "KEY") return "s3cret";
  if (name == "EMPTY") return "";
  if (name == "ALL") return R"({"a": "one", "n": 5, "deep/er": "two"})";
  return std::nullopt;
}

std::string resolved(Kind kind, std::string_view text) {
  auto value = with_environment(kind, json::parse(text).value(), lookup);
  return value ? json::print(*value) : value.error().what;
}

TEST(EnvironmentReferences, StandInPlaceOfAnyTextInConfs) {
  EXPECT_EQ(resolved(Kind::kRoute, R"({"plugins":{"p":{"a":"$env://KEY","b":["$ENV://EMPTY",{"c":"$Env://KEY"}]}}})"),
            R"({"plugins":{"p":{"a":"s3cret","b":["",{"c":"s3cret"}]}}})");
}

TEST(EnvironmentReferences, MayNameAMemberOfAJsonObject) {
  EXPECT_EQ(
      resolved(Kind::kRoute, R"({"plugins":{"p":{"a":"$env://ALL/a","b":"$env://ALL/n","c":"$env://ALL/deep/er"}}})"),
      R"({"plugins":{"p":{"a":"one","b":5,"c":"two"}}})");
  EXPECT_EQ(resolved(Kind::kRoute, R"({"plugins":{"p":{"a":"$env://KEY/"}}})"), R"({"plugins":{"p":{"a":"s3cret"}}})");
}

TEST(EnvironmentReferences, StandInCertificatesAndKeys) {
  EXPECT_EQ(resolved(Kind::kSsl,
                     R"({"sni":"$env://KEY","cert":"$env://KEY","keys":["$env://KEY"],"client":{"ca":"$env://KEY"}})"),
            R"({"sni":"$env://KEY","cert":"s3cret","keys":["s3cret"],"client":{"ca":"s3cret"}})");
}

TEST(EnvironmentReferences, StandInTokensOfSecrets) {
  EXPECT_EQ(resolved(Kind::kSecret, R"({"uri":"$env://KEY","token":"$env://KEY"})"),
            R"({"uri":"$env://KEY","token":"s3cret"})");
}

TEST(EnvironmentReferences, NowhereElseAndNotInsideATextDoTheyMeanAnything) {
  constexpr std::string_view kText =
      R"({"uri":"$env://KEY","plugins":{"p":{"a":"x$env://KEY","$env://KEY":1,"b":"$env:/","c":"$secret://vault/1/a"}}})";
  EXPECT_EQ(resolved(Kind::kRoute, kText), kText);
}

TEST(EnvironmentReferences, WhatIsMissingIsToldWithoutValues) {
  EXPECT_EQ(resolved(Kind::kRoute, R"({"plugins":{"p":{"a":"$env://NONE"}}})"),
            "plugin p: $env://NONE: the environment variable NONE is not set");
  EXPECT_EQ(resolved(Kind::kSsl, R"({"key":"$env://NONE"})"),
            "key: $env://NONE: the environment variable NONE is not set");
  EXPECT_THAT(resolved(Kind::kRoute, R"({"plugins":{"p":{"a":"$env://KEY/a"}}})"),
              AllOf(HasSubstr("the environment variable KEY is no JSON object"), Not(HasSubstr("s3cret"))));
  EXPECT_THAT(resolved(Kind::kRoute, R"({"plugins":{"p":{"a":"$env://ALL/b"}}})"),
              AllOf(HasSubstr("the environment variable ALL has no member \"b\""), Not(HasSubstr("one"))));
}

TEST(EnvironmentReferences, WhatIsWrongIsToldWithoutValues) {
  const json::Value written = json::parse(R"({"plugins":{"p":{"a":["$env://KEY", "s3"]}}})").value();
  const json::Value used = with_environment(Kind::kRoute, written, lookup).value();
  const Error error{ErrorCode::kInvalid, "no pattern fits \"s3cret\", not s3cret and s3"};
  EXPECT_EQ(told_without_values(error, written, used).error().what,
            "no pattern fits \"$env://KEY\", not $env://KEY and s3");
}

}  // namespace
}  // namespace sallyport::resources
