#include "source/spec.h"

#include "json/parse.h"

#include <gtest/gtest.h>

namespace sallyport::source {
namespace {

json::Value value(const char* text) { return *json::parse(text); }

std::string refusal(const char* text) {
  auto spec = read_spec(value(text));
  return spec ? "none" : spec.error().what;
}

TEST(Spec, OfATextIsThatAddressWithEveryDefault) {
  auto spec = read_spec(value(R"("https://files.example/a.wasm")"));
  ASSERT_TRUE(spec);
  EXPECT_EQ(std::get<Url>(spec->place).host, "files.example");
  EXPECT_TRUE(spec->is_secure);
  EXPECT_EQ(spec->pull, Pull::kIfNotPresent);
  EXPECT_TRUE(spec->credentials.empty());
}

TEST(Spec, OfAnObjectHasWhatItSays) {
  auto spec = read_spec(value(R"({"url": "oci://r.example/a:1", "pull": "always", "interval": "5m", "timeout": 7,
                                  "username": "u", "password": "p"})"));
  ASSERT_TRUE(spec);
  EXPECT_EQ(std::get<Reference>(spec->place).tag, "1");
  EXPECT_EQ(spec->pull, Pull::kAlways);
  EXPECT_EQ(spec->interval, std::chrono::minutes(5));
  EXPECT_EQ(spec->timeout, std::chrono::seconds(7));
  EXPECT_EQ(spec->credentials.password, "p");
}

TEST(Spec, TellsEveryProblem) {
  EXPECT_EQ(refusal(R"({"url": "ftp://x", "pull": "often", "intervall": 1})"),
            "source.url is no address; write https://host/path, http://host/path or oci://host/name:tag; source.pull "
            "is \"often\"; write if_not_present or always; source.intervall is unknown; did you mean interval?; "
            "docs/wasm.md has those that there are, below Sources");
  EXPECT_EQ(refusal("7"), "source is neither an address nor an object with url");
  EXPECT_EQ(refusal("{}"), "source.url is missing; give an address of http, https or oci");
}

TEST(Spec, RefusesWhatCannotBe) {
  for (const char* text :
       {R"({"url": "https://a/", "sha256": "12"})", R"({"url": "https://a/", "interval": "0"})",
        R"({"url": "https://a/", "interval": "10ms"})", R"({"url": "https://a/", "timeout": -1})",
        R"({"url": "https://a/", "username": "a:b", "password": "c"})", R"({"url": "https://a/", "password": "c"})",
        R"({"url": "https://a/", "token": "a\r\nX: y"})", R"({"url": "https://a/", "username": "a", "token": "b"})",
        R"({"url": "https://a/", "plain_http": true})", R"({"url": 7})"}) {
    EXPECT_NE(refusal(text), "none") << text;
  }
}

TEST(Spec, InClearTextNamesItsHashUnlessTheServerIsOnThisMachine) {
  const std::string hash(64, 'b');
  EXPECT_NE(refusal(R"("http://files.example/a.wasm")"), "none");
  EXPECT_NE(refusal(R"({"url": "oci://r.example/a:1", "plain_http": true})"), "none");
  EXPECT_EQ(refusal(R"("http://127.0.0.1:8000/a.wasm")"), "none");
  EXPECT_EQ(refusal(R"({"url": "oci://localhost:5000/a:1", "plain_http": true})"), "none");
  EXPECT_TRUE(read_spec(json::Object{{"url", "http://files.example/a.wasm"}, {"sha256", hash}}));
  EXPECT_TRUE(read_spec(json::Object{{"url", "oci://r.example/a@sha256:" + hash}, {"plain_http", true}}));
}

TEST(Spec, IsShownWithoutItsSecrets) {
  auto source = value(R"({"url": "https://a/b?key=1", "username": "u", "password": "p"})");
  EXPECT_EQ(json::print(without_secrets(source)), R"({"url":"https://a/b?key=1","username":"u"})");
  EXPECT_EQ(json::print(without_secrets(value(R"({"url": "https://a/", "token": "t"})"))), R"({"url":"https://a/"})");
  EXPECT_EQ(read_spec(source)->shown(), "https://a/b");
}

}  // namespace
}  // namespace sallyport::source
