#include "h2/server_head.h"

#include "http/extended_connect.h"

#include <gtest/gtest.h>

#include <initializer_list>
#include <string>
#include <utility>

namespace sallyport::h2 {
namespace {

struct Request {
  using Fields = std::initializer_list<std::pair<std::string_view, std::string_view>>;

  explicit Request(Fields fields, bool ends = true, ServerLimits its_limits = {}) : limits(its_limits) {
    head.add(":method", "POST");
    head.add(":scheme", "https");
    head.add(":path", "/a");
    for (const auto& [name, value] : fields) head.add(name, value);
    head.finish(ends);
  }
  std::string reason() const { return std::string(head.reason()); }

  Arena arena;
  ServerLimits limits;
  ServerHead head{arena, limits};
};

TEST(ServerHead, IsAsHttp1WouldHaveIt) {
  Request request({{":authority", "A.example:8443"},
                   {"content-length", "5"},
                   {"te", "trailers"},
                   {"http2-settings", "AAMAAABk"},
                   {"x-a", "1"}},
                  false);
  http::RequestHead& head = request.head.head();
  EXPECT_EQ(request.head.refusal(), 0);
  EXPECT_EQ(head.method, "POST");
  EXPECT_EQ(head.target, "/a");
  EXPECT_EQ(head.host, "A.example");
  EXPECT_EQ(head.authority, "A.example:8443");
  EXPECT_EQ(head.headers.get("host"), "A.example:8443");
  EXPECT_EQ(head.body, http::BodyLength::sized(5));
  EXPECT_FALSE(head.headers.has("content-length"));
  EXPECT_FALSE(head.headers.has("te"));
  EXPECT_FALSE(head.headers.has("http2-settings"));
}

// An extended CONNECT.
struct Connect {
  explicit Connect(std::string_view protocol, Request::Fields fields = {}) {
    head.add(":method", "CONNECT");
    head.add(":protocol", protocol);
    head.add(":scheme", "https");
    head.add(":path", "/chat");
    head.add(":authority", "a.example");
    for (const auto& [name, value] : fields) head.add(name, value);
    head.finish(false);
  }
  Arena arena;
  ServerLimits limits;
  ServerHead head{arena, limits};
};

TEST(ServerHead, AnExtendedConnectForWebsocketIsAnUpgradeOfHttp1) {
  for (std::string_view protocol : {"websocket", "WebSocket"}) {
    Connect connect(protocol);
    const http::RequestHead& head = connect.head.head();
    EXPECT_EQ(connect.head.refusal(), 0);
    EXPECT_EQ(head.method, "GET");
    EXPECT_EQ(head.target, "/chat");
    EXPECT_EQ(head.upgrade, "websocket");
    EXPECT_TRUE(head.body.is_empty());
    EXPECT_TRUE(http::is_extended_connect(head));
  }
}

TEST(ServerHead, OtherProtocolsAndPlainConnectAreNotImplemented) {
  Connect other("connect-udp");
  EXPECT_EQ(other.head.refusal(), 501);
  EXPECT_EQ(other.head.reason(), "protocol_not_implemented");
  EXPECT_FALSE(http::is_extended_connect(other.head.head()));
  EXPECT_EQ(Connect("").head.refusal(), 501);
}

TEST(ServerHead, ATunnelHasNoLength) {
  Connect connect("websocket", {{"content-length", "5"}});
  EXPECT_EQ(connect.head.refusal(), 400);
  EXPECT_EQ(connect.head.reason(), "bad_content_length");
}

TEST(ServerHead, WithoutALengthTheBodyEndsWithTheStream) {
  EXPECT_EQ(Request({{":authority", "a"}}, true).head.head().body, http::BodyLength::none());
  EXPECT_EQ(Request({{":authority", "a"}}, false).head.head().body, http::BodyLength::chunked());
}

TEST(ServerHead, JoinsCookies) {
  Request request({{":authority", "a"}, {"cookie", "a=b"}, {"x", "y"}, {"cookie", "c=d"}});
  EXPECT_EQ(request.head.head().headers.get("cookie"), "a=b; c=d");
  EXPECT_EQ(request.head.head().headers.count("cookie"), 1);
}

TEST(ServerHead, TakesHostForAnAuthorityThatIsNotThere) {
  Request request({{"host", "a.example"}});
  EXPECT_EQ(request.head.refusal(), 0);
  EXPECT_EQ(request.head.head().host, "a.example");
}

TEST(ServerHead, RefusesAHostThatIsNotTheAuthority) {
  EXPECT_EQ(Request({{":authority", "a"}, {"host", "b"}}).reason(), "host_is_not_authority");
  EXPECT_EQ(Request({{":authority", "a"}, {"host", "A"}}).reason(), "");
  EXPECT_EQ(Request({{":authority", "user@a"}}).reason(), "bad_host");
}

TEST(ServerHead, RefusesMoreThanItsLimits) {
  ServerLimits few;
  few.fields = 4;
  EXPECT_EQ(Request({{":authority", "a"}, {"x", "1"}}, true, few).reason(), "too_many_fields");
  ServerLimits small;
  small.head_bytes = 300;
  EXPECT_EQ(Request({{":authority", "a"}, {"x", std::string(200, 'x')}}, true, small).reason(), "head_too_large");
}

TEST(ServerHead, RefusesExpectationsThatNobodyKnows) {
  EXPECT_EQ(Request({{":authority", "a"}, {"expect", "tea"}}).head.refusal(), 417);
  EXPECT_TRUE(Request({{":authority", "a"}, {"expect", "100-Continue"}}, false).head.head().expects_continue);
}

}  // namespace
}  // namespace sallyport::h2
