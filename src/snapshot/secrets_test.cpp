// Resources that refer to secrets.

#include "snapshot/builder_fixture.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace sallyport::snapshot {
namespace {

using testing::AllOf;
using testing::ElementsAre;
using testing::HasSubstr;
using testing::Not;

std::map<std::string, std::string, std::less<>> known;

BuilderOptions with_secrets() {
  BuilderOptions options;
  options.secrets = [](std::string_view reference) -> Result<json::Value> {
    auto found = known.find(reference);
    return found != known.end() ? Result<json::Value>(found->second) : fail(ErrorCode::kUnavailable, "not there");
  };
  return options;
}

struct SecretsTest : testing::Test, BuilderFixture {
  SecretsTest() : BuilderFixture(with_secrets()) { known = {{"$secret://vault/1/a/k", "one"}}; }
  std::vector<std::string> users() const {
    std::vector<std::string> names;
    for (const Item& user : builder.secret_users()) names.push_back(user.kind + "/" + user.id);
    return names;
  }
};

constexpr std::string_view kRoute = R"({"uri": "/a", "plugins": {"low": {"mark": "$secret://vault/1/a/k"}}})";

TEST_F(SecretsTest, PluginsAreMadeOfWhatReferencesStandFor) {
  EXPECT_EQ(put("routes", "1", kRoute), "");
  EXPECT_THAT(plugins("/a"), ElementsAre("low:one"));
  known["$secret://vault/1/a/k"] = "two";
  EXPECT_THAT(load(builder.secret_users()), ElementsAre());
  EXPECT_THAT(plugins("/a"), ElementsAre("low:two"));
  EXPECT_THAT(load(builder.secret_users()), ElementsAre());
  EXPECT_EQ(made(), 2);
}

TEST_F(SecretsTest, WhoRefersToSecretsIsKnown) {
  put("routes", "1", kRoute);
  put("plugin_configs", "1", R"({"plugins": {"low": {"mark": "$secret://vault/1/none/k"}}})");
  put("routes", "2", R"({"uri": "/b", "plugins": {"low": {"mark": "plain"}}})");
  EXPECT_THAT(users(), ElementsAre("plugin_configs/1", "routes/1"));
  EXPECT_EQ(put("routes", "1", R"({"uri": "/a", "plugins": {"low": {"mark": "plain"}}})"), "");
  remove("plugin_configs", "1");
  EXPECT_THAT(users(), ElementsAre());
}

TEST_F(SecretsTest, ACertificateThatIsNotThereIsRejectedAndRemembered) {
  constexpr std::string_view kSsl =
      R"({"sni": "a.test", "cert": "$secret://vault/1/c/crt", "key": "$secret://vault/1/c/key"})";
  EXPECT_EQ(put("ssls", "1", kSsl), "cert: $secret://vault/1/c/crt: not there");
  EXPECT_THAT(users(), ElementsAre());
  EXPECT_THAT(load({item("ssls", "1", kSsl)}), ElementsAre("ssls/1: cert: $secret://vault/1/c/crt: not there"));
  EXPECT_THAT(users(), ElementsAre("ssls/1"));
}

TEST_F(SecretsTest, ErrorsNameTheReferenceInPlaceOfItsValue) {
  known["$secret://vault/1/a/crt"] = std::string(200, 'x');
  known["$secret://vault/1/a/key"] = std::string(100, 'y');
  const std::string said =
      put("ssls", "1", R"({"sni": "a.test", "cert": "$secret://vault/1/a/crt", "key": "$secret://vault/1/a/key"})");
  EXPECT_THAT(said, AllOf(Not(HasSubstr("xxx")), Not(HasSubstr("yyy")), Not("")));
}

TEST_F(SecretsTest, ManagersHaveNoEffectHere) {
  EXPECT_EQ(put("secrets", "vault/1", R"({"uri": "http://a", "prefix": "kv", "token": "t"})"), "");
  EXPECT_THAT(put("secrets", "aws/1", R"({"region": "a"})"), HasSubstr("invalid secret manager: aws"));
}

}  // namespace
}  // namespace sallyport::snapshot
