#include "admin/access.h"

#include "json/parse.h"

#include <gmock/gmock.h>

namespace sallyport::admin {
namespace {

using ::testing::HasSubstr;

AdminRequest request(const std::string& ip, const std::string& key = "") {
  AdminRequest made;
  made.method = "GET";
  made.peer = *async::Address::from_ip(ip, 1234);
  made.key_header = key;
  return made;
}

const std::string kStrong = "0123456789abcdef0123456789abcdef";

AccessRules rules() {
  AccessRules made;
  made.keys = {{"public", std::string(kPublicKey), Role::kAdmin},
               {"short", "tiny", Role::kAdmin},
               {"strong", kStrong, Role::kAdmin},
               {"reader", "reader-key-reader-key", Role::kViewer}};
  return made;
}

// The description of the refusal, or "in".
std::string outcome(const AccessRules& rules, const AdminRequest& request) {
  auto refused = refuse_key(rules, request);
  if (!refused) return "in";
  auto body = json::parse(refused->body);
  EXPECT_EQ(refused->status, 401);
  EXPECT_EQ(body->string_or("error_msg", ""), "failed to check token");
  return body->string_or("description", "");
}

TEST(Access, AKeyIsNeededAndMustBeRight) {
  EXPECT_EQ(outcome(rules(), request("10.0.0.1")), "missing apikey");
  EXPECT_EQ(outcome(rules(), request("10.0.0.1", "wrong")), "wrong apikey");
  EXPECT_EQ(outcome(rules(), request("10.0.0.1", kStrong + "x")), "wrong apikey");
  EXPECT_EQ(outcome(rules(), request("10.0.0.1", kStrong.substr(1))), "wrong apikey");
  EXPECT_EQ(outcome(rules(), request("10.0.0.1", kStrong)), "in");
}

TEST(Access, TheQueryWinsOverTheHeaderAndThatOverTheCookie) {
  AdminRequest made = request("10.0.0.1");
  made.cookie = "a=b; x_api_key=" + kStrong + "; c=d";
  EXPECT_EQ(outcome(rules(), made), "in");
  made.key_header = "wrong";
  EXPECT_EQ(outcome(rules(), made), "wrong apikey");
  made.arguments = {{"api_key", kStrong}};
  EXPECT_EQ(outcome(rules(), made), "in");
}

TEST(Access, AViewerMayOnlyGet) {
  AdminRequest made = request("10.0.0.1", "reader-key-reader-key");
  EXPECT_EQ(outcome(rules(), made), "in");
  made.method = "PUT";
  EXPECT_EQ(outcome(rules(), made), "invalid method for role viewer");
}

TEST(Access, ThePubliclyKnownKeyOpensFromThisMachineOnly) {
  for (const char* here : {"127.0.0.1", "127.8.8.8", "::1"}) {
    EXPECT_EQ(outcome(rules(), request(here, std::string(kPublicKey))), "in") << here;
  }
  EXPECT_THAT(outcome(rules(), request("10.0.0.1", std::string(kPublicKey))), HasSubstr("publicly known"));
  AccessRules without = rules();
  without.keys.erase(without.keys.begin());
  EXPECT_EQ(outcome(without, request("127.0.0.1", std::string(kPublicKey))), "wrong apikey");
}

TEST(Access, AShortKeyOpensFromThisMachineOnly) {
  EXPECT_EQ(outcome(rules(), request("127.0.0.1", "tiny")), "in");
  EXPECT_THAT(outcome(rules(), request("10.0.0.1", "tiny")), HasSubstr("shorter than 16 characters"));
}

TEST(Access, AnEmptyKeyNeverOpens) {
  AccessRules made;
  made.keys = {{"empty", "", Role::kAdmin}};
  EXPECT_EQ(outcome(made, request("127.0.0.1", "x")), "wrong apikey");
  EXPECT_EQ(outcome(made, request("127.0.0.1", "")), "missing apikey");
  EXPECT_EQ(outcome(AccessRules(), request("127.0.0.1", kStrong)), "wrong apikey");
}

TEST(Access, NoKeyIsAskedForWhereNoneIsRequired) {
  AccessRules made;
  made.key_required = false;
  EXPECT_EQ(outcome(made, request("10.0.0.1")), "in");
}

TEST(Access, AddressesThatAreNotAllowedAreRefused) {
  AccessRules made;
  EXPECT_FALSE(refuse_address(made, request("10.0.0.1")));
  ASSERT_TRUE(made.allow_from.add("127.0.0.0/24"));
  EXPECT_FALSE(refuse_address(made, request("127.0.0.1")));
  auto refused = refuse_address(made, request("10.0.0.1"));
  ASSERT_TRUE(refused);
  EXPECT_EQ(refused->status, 403);
  EXPECT_THAT(refused->body, HasSubstr("10.0.0.1 may not use the Admin API"));
}

}  // namespace
}  // namespace sallyport::admin
