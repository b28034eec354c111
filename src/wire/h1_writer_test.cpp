#include "wire/h1.h"

#include <gtest/gtest.h>

namespace sallyport::wire {
namespace {

using namespace std::string_literals;

struct Fields {
  Arena arena;
  http::Headers headers{arena};

  Fields& with(std::string_view name, std::string_view value) {
    headers.add(name, value);
    return *this;
  }
};

std::string request(const RequestLine& line, const http::Headers& headers, http::BodyLength body = {}) {
  std::string out;
  EXPECT_TRUE(write_request_head(out, line, headers, body));
  return out;
}

const RequestLine kLine{.method = "GET", .path = "/a", .query = "b=c", .has_query = true, .host = "up.test"};

TEST(RequestWriter, PutsHostFirstAndFramingLast) {
  Fields fields;
  fields.with("Accept", "*/*").with("host", "client.test").with("X-A", "1");
  EXPECT_EQ(request(kLine, fields.headers, http::BodyLength::sized(7)),
            "GET /a?b=c HTTP/1.1\r\nHost: up.test\r\nAccept: */*\r\nX-A: 1\r\nContent-Length: 7\r\n\r\n");
  EXPECT_TRUE(
      request(kLine, fields.headers, http::BodyLength::chunked()).ends_with("Transfer-Encoding: chunked\r\n\r\n"));
}

TEST(RequestWriter, AnEmptyQueryKeepsItsQuestionMark) {
  RequestLine line = kLine;
  line.query = "";
  EXPECT_TRUE(request(line, Fields().headers).starts_with("GET /a? HTTP/1.1\r\n"));
}

TEST(RequestWriter, FramingFieldsThatPluginsSetDoNotPass) {
  Fields fields;
  for (const char* name : {"Content-Length", "transfer-encoding", "Connection", "Upgrade", "Keep-Alive", "TE", "Expect",
                           "Trailer", "Proxy-Connection"}) {
    fields.with(name, "5");
  }
  EXPECT_EQ(request(kLine, fields.headers), "GET /a?b=c HTTP/1.1\r\nHost: up.test\r\n\r\n");
}

TEST(RequestWriter, FieldsThatWouldBreakTheMessageDoNotPass) {
  Fields fields;
  fields.with("X: y\r\nZ", "1")
      .with("", "1")
      .with("A b", "1")
      .with("X", "1\r\nY: 2")
      .with("X", "\0"s)
      .with("Server", "\n");
  EXPECT_EQ(request(kLine, fields.headers), "GET /a?b=c HTTP/1.1\r\nHost: up.test\r\n\r\n");
}

TEST(RequestWriter, AFieldThatWasReadIsLookedAtAgainOnceAPluginHasSetIt) {
  Arena arena;
  http::RequestHead head(arena);
  parse_request_head("GET / HTTP/1.1\r\nHost: a\r\nX-Read: 1\r\nX-Set: 1\r\n\r\n", head, {});
  head.headers.set("X-Set", "2\r\nX-Smuggled: 1");
  EXPECT_EQ(request(kLine, head.headers), "GET /a?b=c HTTP/1.1\r\nHost: up.test\r\nX-Read: 1\r\n\r\n");
}

// Whether copied as one piece or each by itself, and whichever of them are missing.
TEST(RequestWriter, FieldsThatWereReadAreWrittenAsTheyStandNow) {
  Arena arena;
  http::RequestHead head(arena);
  parse_request_head("GET / HTTP/1.1\r\nA: 1\r\nB: 2\r\nHost: a\r\nC: 3\r\nD:4\r\nE:  5 \r\nF:\r\nG: 7\r\nI: 8\r\n\r\n",
                     head, {});
  const std::string begin = "GET /a?b=c HTTP/1.1\r\nHost: up.test\r\n";
  EXPECT_EQ(request(kLine, head.headers),
            begin + "A: 1\r\nB: 2\r\nC: 3\r\nD: 4\r\nE: 5\r\nF: \r\nG: 7\r\nI: 8\r\n\r\n");
  head.headers.remove("B");
  head.headers.set("G", "seven");
  head.headers.add("J", "9");
  EXPECT_EQ(request(kLine, head.headers),
            begin + "A: 1\r\nC: 3\r\nD: 4\r\nE: 5\r\nF: \r\nG: seven\r\nI: 8\r\nJ: 9\r\n\r\n");
}

// Two bytes lie between them, but others than those of a line.
TEST(RequestWriter, TextsThatLieCloseToEachOtherAreNoLines) {
  constexpr std::string_view kText = "A--1--B: 2..C: 3";
  Fields fields;
  fields.headers.add_checked(kText.substr(0, 1), kText.substr(3, 1), http::FieldName::kOther);
  fields.headers.add_checked(kText.substr(6, 1), kText.substr(9, 1), http::FieldName::kOther);
  fields.headers.add_checked(kText.substr(12, 1), kText.substr(15, 1), http::FieldName::kOther);
  EXPECT_EQ(request(kLine, fields.headers), "GET /a?b=c HTTP/1.1\r\nHost: up.test\r\nA: 1\r\nB: 2\r\nC: 3\r\n\r\n");
}

TEST(RequestWriter, WhatStandsBeforeTheHeadStays) {
  std::string out = "kept";
  EXPECT_TRUE(write_request_head(out, kLine, Fields().headers, {}));
  EXPECT_EQ(out, "keptGET /a?b=c HTTP/1.1\r\nHost: up.test\r\n\r\n");
}

// The longest that the gateway may add to what it is given.
TEST(RequestWriter, RoomSufficesWhenEverythingIsEncodedAndFramed) {
  std::string query(100, '#');
  std::string path = "/" + query;
  RequestLine line{.method = "M", .path = path, .query = query, .has_query = true, .host = {}, .upgrade = "x"};
  std::string head = request(line, Fields().headers, http::BodyLength::sized(UINT64_MAX));
  EXPECT_TRUE(head.ends_with("Content-Length: 18446744073709551615\r\nUpgrade: x\r\nConnection: upgrade\r\n\r\n"));
}

TEST(RequestWriter, BytesThatCannotStandInATargetAreEncoded) {
  RequestLine line{.method = "GET", .path = "/a b?#\r\n\xc3%41", .query = "x y#?", .has_query = true, .host = "h"};
  EXPECT_TRUE(request(line, Fields().headers).starts_with("GET /a%20b%3F%23%0D%0A%C3%41?x%20y%23? HTTP/1.1\r\n"));
}

TEST(RequestWriter, ARequestLineThatCannotBeWrittenIsAnError) {
  auto refuses = [](RequestLine line) {
    std::string out;
    Status written = write_request_head(out, line, Fields().headers, {});
    return !written && out.empty();
  };
  EXPECT_TRUE(refuses({.method = "G T", .path = "/", .host = "h"}));
  EXPECT_TRUE(refuses({.method = "", .path = "/", .host = "h"}));
  EXPECT_TRUE(refuses({.method = "GET", .path = "a", .host = "h"}));
  EXPECT_TRUE(refuses({.method = "GET", .path = "/", .host = "h\r\nX: y"}));
  EXPECT_FALSE(refuses({.method = "OPTIONS", .path = "*", .host = ""}));
}

TEST(RequestWriter, UpgradeIsNamedInConnection) {
  RequestLine line = kLine;
  line.upgrade = "websocket";
  EXPECT_TRUE(request(line, Fields().headers).ends_with("Upgrade: websocket\r\nConnection: upgrade\r\n\r\n"));
}

std::string response(const http::ResponseHead& head, http::BodyLength body, Connection connection = {}) {
  std::string out;
  write_response_head(out, head, body, connection);
  return out;
}

struct Answer {
  Arena arena;
  http::ResponseHead head{arena};
  explicit Answer(int status) { head.status = status; }
};

TEST(ResponseWriter, WritesStatusFieldsFramingAndConnection) {
  Answer answer(200);
  answer.head.headers.add("X-A", "1");
  answer.head.headers.add("Content-Length", "99");
  EXPECT_EQ(response(answer.head, http::BodyLength::sized(5)),
            "HTTP/1.1 200 OK\r\nX-A: 1\r\nContent-Length: 5\r\n\r\n");
  EXPECT_EQ(response(answer.head, http::BodyLength::chunked(), Connection::kClose),
            "HTTP/1.1 200 OK\r\nX-A: 1\r\nTransfer-Encoding: chunked\r\nConnection: close\r\n\r\n");
  EXPECT_EQ(response(answer.head, http::BodyLength::until_close(), Connection::kClose),
            "HTTP/1.1 200 OK\r\nX-A: 1\r\nConnection: close\r\n\r\n");
  EXPECT_TRUE(response(answer.head, http::BodyLength::sized(0), Connection::kKeepAliveForHttp10)
                  .ends_with("Content-Length: 0\r\nConnection: keep-alive\r\n\r\n"));
}

TEST(ResponseWriter, InterimHeadsHaveNoFraming) {
  EXPECT_EQ(response(Answer(100).head, http::BodyLength::sized(0), Connection::kClose),
            "HTTP/1.1 100 Continue\r\n\r\n");
  EXPECT_EQ(response(Answer(204).head, http::BodyLength::sized(0)), "HTTP/1.1 204 No Content\r\n\r\n");
}

TEST(ResponseWriter, AnAnnouncedLengthIsWrittenWithoutBody) {
  Answer answer(304);
  answer.head.announced_length = 12;
  EXPECT_TRUE(response(answer.head, {}).ends_with("Content-Length: 12\r\n\r\n"));
}

TEST(ResponseWriter, SwitchingProtocolsNamesTheProtocol) {
  Answer answer(101);
  answer.head.upgrade = "websocket";
  EXPECT_EQ(response(answer.head, {}),
            "HTTP/1.1 101 Switching Protocols\r\nUpgrade: websocket\r\nConnection: upgrade\r\n\r\n");
}

TEST(ResponseWriter, WhatIsInvalidIsReplaced) {
  Answer answer(1000);
  EXPECT_TRUE(response(answer.head, {}).starts_with("HTTP/1.1 500 Internal Server Error\r\n"));
  Answer split(200);
  split.head.reason = "OK\r\nX: y";
  EXPECT_TRUE(response(split.head, {}).starts_with("HTTP/1.1 200 OK\r\n\r\n"));
  Answer own(200);
  own.head.reason = "Fine";
  EXPECT_TRUE(response(own.head, {}).starts_with("HTTP/1.1 200 Fine\r\n"));
}

TEST(ResponseWriter, RoomSufficesForTheLongestFraming) {
  Arena arena;
  http::ResponseHead head(arena);
  head.status = 431;
  head.upgrade = "x";
  std::string out;
  write_response_head(out, head, http::BodyLength::sized(UINT64_MAX), Connection::kKeepAliveForHttp10);
  EXPECT_EQ(out,
            "HTTP/1.1 431 Request Header Fields Too Large\r\nContent-Length: 18446744073709551615\r\n"
            "Upgrade: x\r\nConnection: keep-alive, upgrade\r\n\r\n");
}

TEST(ChunkWriter, WritesChunksAndTrailers) {
  std::string out;
  write_chunk(out, "0123456789abcdef");
  write_chunk(out, "");
  Fields trailers;
  trailers.with("Grpc-Status", "0").with("Content-Length", "5").with("X", "a\nb");
  write_last_chunk(out, &trailers.headers);
  EXPECT_EQ(out, "10\r\n0123456789abcdef\r\n0\r\nGrpc-Status: 0\r\n\r\n");
}

}  // namespace
}  // namespace sallyport::wire
