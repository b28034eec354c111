#include "resources/secret.h"

#include "json/parse.h"
#include "resources/ssl.h"

#include <gmock/gmock.h>

namespace sallyport::resources {
namespace {

using testing::ElementsAre;
using testing::HasSubstr;

json::Value parsed(std::string_view text) { return json::parse(text).value(); }

std::string verdict(std::string_view text) {
  Status status = check(Kind::kSecret, parsed(text));
  return status ? "ok" : status.error().what;
}

std::string with_values(Kind kind, std::string_view text) {
  auto lookup = [](std::string_view reference) -> Result<json::Value> {
    if (reference == "$secret://vault/1/a/b/c") return json::Value("v4lue");
    if (reference == "$secret://vault/1/a/n") return json::Value(5);
    return fail(ErrorCode::kUnavailable, "not there");
  };
  auto used = with_secrets(kind, parsed(text), lookup);
  return used ? json::print(*used) : used.error().what;
}

TEST(SecretReference, HasAManagerAPathAndAMember) {
  auto reference = parse_secret_reference("$secret://vault/1/a/b/c");
  ASSERT_TRUE(reference);
  EXPECT_EQ(reference->manager, "vault/1");
  EXPECT_EQ(reference->path, "a/b");
  EXPECT_EQ(reference->member, "c");
  for (const char* bad : {"$secret://", "$secret://vault", "$secret://vault/1", "$secret://vault/1/a",
                          "$secret://vault/1/a/", "$secret://vault/1//a", "$SECRET://vault/1/a/b"}) {
    EXPECT_FALSE(parse_secret_reference(bad)) << bad;
  }
}

TEST(SecretReferences, StandInPlaceOfAnyTextInConfs) {
  EXPECT_EQ(
      with_values(
          Kind::kRoute,
          R"({"uri":"$secret://vault/1/a/n","plugins":{"p":{"a":["$secret://vault/1/a/b/c"],"n":"$secret://vault/1/a/n"}}})"),
      R"({"uri":"$secret://vault/1/a/n","plugins":{"p":{"a":["v4lue"],"n":5}}})");
}

TEST(SecretReferences, StayInConfsWhereTheyStandForNothing) {
  constexpr std::string_view kText =
      R"({"plugins":{"p":{"a":"$secret://vault/1/none/b","b":"x$secret://vault/1/a/n"}}})";
  EXPECT_EQ(with_values(Kind::kRoute, kText), kText);
}

TEST(SecretReferences, OfCertificatesMustStandForSomething) {
  EXPECT_EQ(with_values(Kind::kSsl, R"({"cert":"$secret://vault/1/a/b/c"})"), R"({"cert":"v4lue"})");
  EXPECT_EQ(with_values(Kind::kSsl, R"({"key":"$secret://vault/1/none/b"})"),
            "key: $secret://vault/1/none/b: not there");
}

TEST(SecretReferences, AreListedOnce) {
  EXPECT_THAT(
      secret_references_in(
          Kind::kService,
          parsed(R"({"plugins":{"p":{"a":"$secret://vault/1/a/n","b":["$secret://vault/1/a/n","$env://A"]}}})")),
      ElementsAre("$secret://vault/1/a/n"));
  EXPECT_THAT(secret_references_in(Kind::kSecret, parsed(R"({"token":"$secret://vault/1/a/n"})")), ElementsAre());
}

TEST(SecretSchema, IsThatOfAVault) {
  EXPECT_EQ(verdict(R"({"id":"vault/1","uri":"http://a:8200","prefix":"kv","token":"t","namespace":"n"})"), "ok");
  EXPECT_EQ(verdict(R"({"uri":"https://[::1]:8200/below","prefix":"kv","token":"t"})"), "ok");
  EXPECT_THAT(verdict(R"({"id":"vault/1","prefix":"kv","token":"t"})"), HasSubstr("uri"));
  EXPECT_THAT(verdict(R"({"uri":"a:8200","prefix":"kv","token":"t"})"), HasSubstr("failed to match pattern"));
  EXPECT_THAT(verdict(R"({"uri":"ftp://a","prefix":"kv","token":"t"})"), HasSubstr("over http:// or https://"));
  EXPECT_THAT(verdict(R"({"uri":"http://a","prefix":"kv","token":"a\nb"})"), HasSubstr("control character"));
  EXPECT_THAT(verdict(R"({"id":"vault/a/b","uri":"http://a","prefix":"kv","token":"t"})"), HasSubstr("id"));
}

TEST(SecretSchema, OtherManagersAreRefusedByName) {
  EXPECT_EQ(verdict(R"({"id":"aws/1","access_key_id":"a"})"),
            "invalid secret manager: aws; the one that is supported is vault");
  EXPECT_EQ(verdict(R"({"id":"arr_1"})"), "\"arr_1\" names no secret manager; the id of a secret is vault/ID");
}

TEST(Secret, TokensAreNotShownUnlessTheyAreReferences) {
  const json::Value literal = parsed(R"({"uri":"http://a","token":"t"})"),
                    referring = parsed(R"({"token":"$env://T"})");
  EXPECT_EQ(json::print(without_private_keys(Kind::kSecret, literal)), R"({"uri":"http://a"})");
  EXPECT_EQ(without_private_keys(Kind::kSecret, referring), referring);
}

}  // namespace
}  // namespace sallyport::resources
