#include "wire/h1.h"

#include <gtest/gtest.h>

namespace sallyport::wire {
namespace {

// One request head, parsed whole.
struct Parsed {
  Arena arena;
  http::RequestHead head{arena};
  ParseOutcome outcome;

  explicit Parsed(std::string_view bytes, HeadLimits limits = {}) { outcome = parse_request_head(bytes, head, limits); }
  int refusal() const { return outcome.status == ParseStatus::kInvalid ? outcome.refusal : 0; }
  bool complete() const { return outcome.status == ParseStatus::kComplete; }
};

std::string get_with(std::string_view fields) { return "GET / HTTP/1.1\r\nHost: a\r\n" + std::string(fields) + "\r\n"; }

TEST(RequestParser, ReadsLineFieldsAndLength) {
  std::string bytes = "POST /p?q=1 HTTP/1.1\r\nHost: a.test:81\r\nX-One:  1 \t\r\nContent-Length: 12\r\n\r\nbody";
  Parsed parsed(bytes);
  ASSERT_TRUE(parsed.complete());
  EXPECT_EQ(parsed.outcome.bytes, bytes.size() - 4);
  EXPECT_EQ(parsed.head.method, "POST");
  EXPECT_EQ(parsed.head.target, "/p?q=1");
  EXPECT_EQ(parsed.head.authority, "a.test:81");
  EXPECT_EQ(parsed.head.host, "a.test");
  EXPECT_EQ(parsed.head.body, http::BodyLength::sized(12));
  EXPECT_EQ(parsed.head.headers.size(), 2u);
  EXPECT_EQ(parsed.head.headers.get("x-one"), "1");
  EXPECT_TRUE(parsed.head.keep_alive);
}

TEST(RequestParser, TextsOutliveTheBytesTheyCameFrom) {
  std::string bytes = "GET http://b.test/x HTTP/1.1\r\nHost: a.test\r\nX-One: 1\r\n\r\n";
  Parsed parsed(bytes);
  bytes.assign(bytes.size(), '!');
  EXPECT_EQ(parsed.head.method, "GET");
  EXPECT_EQ(parsed.head.target, "http://b.test/x");
  EXPECT_EQ(parsed.head.authority, "b.test");
  EXPECT_EQ(parsed.head.headers.begin()[1].name, "X-One");
  EXPECT_EQ(parsed.head.headers.begin()[1].value, "1");
}

TEST(RequestParser, AnEmptyValueIsAValue) {
  Parsed parsed(get_with("X-Empty:\r\nX-Blank: \t \r\n"));
  EXPECT_EQ(parsed.head.headers.get("x-empty"), "");
  EXPECT_EQ(parsed.head.headers.get("x-blank"), "");
}

TEST(RequestParser, AuthorityOfTheTargetReplacesHost) {
  Parsed parsed("GET HTTP://b.test:8080?x HTTP/1.1\r\nHost: a.test\r\n\r\n");
  ASSERT_TRUE(parsed.complete());
  EXPECT_EQ(parsed.head.authority, "b.test:8080");
  EXPECT_EQ(parsed.head.host, "b.test");
  EXPECT_EQ(parsed.head.headers.get("host"), "b.test:8080");
}

TEST(RequestParser, HigherMinorVersionsAreHttp11AndOtherMajorOnesAreRefused) {
  EXPECT_EQ(Parsed("GET / HTTP/1.7\r\nHost: a\r\n\r\n").head.version, http::Version::kHttp11);
  EXPECT_EQ(Parsed("GET / HTTP/2.0\r\nHost: a\r\n\r\n").refusal(), 505);
  EXPECT_EQ(Parsed("GET / HTTP/0.9\r\nHost: a\r\n\r\n").refusal(), 505);
  EXPECT_EQ(Parsed("GET / HTTP/1.10\r\nHost: a\r\n\r\n").refusal(), 400);
  EXPECT_EQ(Parsed("GET /\r\n\r\n").refusal(), 400);
}

TEST(RequestParser, ConnectIsNotImplemented) {
  EXPECT_EQ(Parsed("CONNECT a.test:443 HTTP/1.1\r\nHost: a.test:443\r\n\r\n").refusal(), 501);
}

TEST(RequestParser, KeepAliveFollowsVersionAndConnection) {
  EXPECT_TRUE(Parsed(get_with("")).head.keep_alive);
  EXPECT_FALSE(Parsed(get_with("Connection: x, Close\r\n")).head.keep_alive);
  EXPECT_FALSE(Parsed("GET / HTTP/1.0\r\n\r\n").head.keep_alive);
  EXPECT_TRUE(Parsed("GET / HTTP/1.0\r\nConnection: keep-alive\r\n\r\n").head.keep_alive);
  EXPECT_FALSE(Parsed("GET / HTTP/1.0\r\nConnection: keep-alive, close\r\n\r\n").head.keep_alive);
}

TEST(RequestParser, FieldsOfOneConnectionDoNotPass) {
  Parsed parsed(
      get_with("Connection: X-Foo, keep-alive\r\nX-foo: 1\r\nKeep-Alive: timeout=5\r\nProxy-Connection: close\r\nTE: "
               "trailers\r\n"
               "Trailer: x\r\nUpgrade: h2c\r\nX-Bar: 2\r\nConnection: x-bar\r\nX-Stays: 3\r\n"));
  ASSERT_TRUE(parsed.complete());
  ASSERT_EQ(parsed.head.headers.size(), 2u);
  EXPECT_EQ(parsed.head.headers.get("x-stays"), "3");
  EXPECT_EQ(parsed.head.upgrade, "");
}

TEST(RequestParser, ConnectionCannotTakeOutWhatTellsOrigin) {
  Parsed parsed(
      get_with("Connection: Host, Content-Length, X-Forwarded-For, X-Forwarded-Proto, X-Real-IP, Forwarded, Via\r\n"
               "Content-Length: 5\r\nX-Forwarded-For: 1.1.1.1\r\nX-Forwarded-Proto: https\r\nX-Real-IP: 1.1.1.1\r\n"
               "Forwarded: for=1.1.1.1\r\nVia: 1.1 x\r\n"));
  EXPECT_EQ(parsed.head.body, http::BodyLength::sized(5));
  EXPECT_EQ(parsed.head.headers.size(), 6u);
}

TEST(RequestParser, UpgradeNeedsConnectionAndHttp11) {
  EXPECT_EQ(Parsed(get_with("Connection: Upgrade\r\nUpgrade: websocket\r\n")).head.upgrade, "websocket");
  EXPECT_EQ(Parsed(get_with("Connection: upgrade\r\nUpgrade: a/1\r\nUpgrade: b\r\n")).head.upgrade, "a/1, b");
  EXPECT_EQ(Parsed(get_with("Connection: upgrade\r\nUpgrade: a b\r\n")).head.upgrade, "");
  EXPECT_EQ(Parsed(get_with("Upgrade: websocket\r\n")).head.upgrade, "");
  EXPECT_EQ(Parsed("GET / HTTP/1.0\r\nConnection: upgrade\r\nUpgrade: websocket\r\n\r\n").head.upgrade, "");
}

TEST(RequestParser, ExpectationsOtherThanContinueAreRefused) {
  EXPECT_TRUE(Parsed(get_with("Content-Length: 3\r\nExpect: 100-Continue\r\n")).head.expects_continue);
  EXPECT_FALSE(Parsed(get_with("Expect: 100-continue\r\n")).head.expects_continue);
  EXPECT_FALSE(Parsed("POST / HTTP/1.0\r\nContent-Length: 3\r\nExpect: 100-continue\r\n\r\n").head.expects_continue);
  EXPECT_EQ(Parsed(get_with("Expect: tea\r\n")).refusal(), 417);
}

TEST(RequestParser, LimitsHold) {
  HeadLimits limits{.bytes = 100, .target_bytes = 20, .fields = 2};
  EXPECT_EQ(Parsed("GET /" + std::string(19, 'a') + " HTTP/1.1\r\nHost: a\r\n\r\n", limits).refusal(), 0);
  EXPECT_EQ(Parsed("GET /" + std::string(20, 'a') + " HTTP/1.1\r\nHost: a\r\n\r\n", limits).refusal(), 414);
  EXPECT_EQ(Parsed(get_with("A: 1\r\n"), limits).refusal(), 0);
  EXPECT_EQ(Parsed(get_with("A: 1\r\nB: 2\r\n"), limits).refusal(), 431);
  EXPECT_EQ(Parsed(get_with("A: " + std::string(80, 'a') + "\r\n"), limits).refusal(), 431);
  EXPECT_EQ(Parsed(std::string(33, 'A'), limits).refusal(), 501);
}

TEST(RequestParser, AHeadOfExactlyTheLimitIsTaken) {
  std::string head = get_with("A: " + std::string(66, 'a') + "\r\n");
  HeadLimits limits{.bytes = head.size()};
  EXPECT_TRUE(Parsed(head, limits).complete());
  limits.bytes -= 1;
  EXPECT_EQ(Parsed(head, limits).refusal(), 431);
}

TEST(RequestParser, ARefusedRequestStillHasMethodAndTargetForTheLog) {
  Parsed parsed("GET /x HTTP/1.1\r\nHost: a b\r\n\r\n");
  EXPECT_EQ(parsed.refusal(), 400);
  EXPECT_EQ(parsed.outcome.reason, "bad_host");
  EXPECT_EQ(parsed.head.method, "GET");
  EXPECT_EQ(parsed.head.target, "/x");
  EXPECT_TRUE(parsed.head.headers.empty());
}

TEST(RequestParser, AnIncompleteHeadLeavesNothingBehind) {
  Parsed parsed("GET /x HTTP/1.1\r\nHost: a\r\n");
  EXPECT_EQ(parsed.outcome.status, ParseStatus::kIncomplete);
  EXPECT_EQ(parsed.head.method, "");
  EXPECT_TRUE(parsed.head.headers.empty());
}

}  // namespace
}  // namespace sallyport::wire
