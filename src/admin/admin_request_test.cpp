#include "admin/admin_request.h"

#include "admin/http_service.h"

#include <gmock/gmock.h>

namespace sallyport::admin {
namespace {

using ::testing::ElementsAre;
using ::testing::IsEmpty;
using ::testing::Optional;

AdminRequest request(std::string_view path, std::string_view query = "") {
  Arena arena;
  http::RequestHead head(arena);
  head.method = "GET";
  head.headers.add("X-Api-Key", "secret");
  return AdminRequest::from({head, path, query, "body", {}});
}

TEST(AdminRequest, TakesItsTextOutOfTheConnection) {
  AdminRequest made = request("/apisix/admin/routes", "page=1");
  EXPECT_EQ(made.method, "GET");
  EXPECT_EQ(made.key_header, "secret");
  EXPECT_EQ(made.body, "body");
  EXPECT_THAT(made.argument("page"), Optional(std::string_view("1")));
  EXPECT_FALSE(made.argument("other"));
}

TEST(AdminRequest, SegmentsStandBehindTheRoot) {
  EXPECT_THAT(request("/apisix/admin/routes/1/upstream/nodes").segments(),
              Optional(ElementsAre("routes", "1", "upstream", "nodes")));
  EXPECT_THAT(request("/apisix/admin/routes//a b/").segments(), Optional(ElementsAre("routes", "a b")));
  EXPECT_THAT(request("/apisix/admin").segments(), Optional(IsEmpty()));
  EXPECT_THAT(request("/apisix/admin/").segments(), Optional(IsEmpty()));
  EXPECT_FALSE(request("/apisix/administrator").segments());
  EXPECT_FALSE(request("/").segments());
}

TEST(AdminRequest, ArgumentsAreDecoded) {
  EXPECT_THAT(parse_arguments("a=1+2%2B&b&&=c&a=3&%66=%67=h"),
              ElementsAre(testing::Pair("a", "1 2+"), testing::Pair("b", ""), testing::Pair("", "c"),
                          testing::Pair("a", "3"), testing::Pair("f", "g=h")));
}

}  // namespace
}  // namespace sallyport::admin
