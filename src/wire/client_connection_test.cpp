#include "wire/client_connection.h"

#include "async/stream_fixture.h"
#include "async/task_fixture.h"

#include <gtest/gtest.h>

#include <string>
#include <string_view>

namespace sallyport::wire {
namespace {

using async::finish;
using async::Running;
using async::Task;
using http::BodyLength;
using Flush = BodyWriter::Flush;

struct ClientConnectionTest : testing::Test {
  async::MemoryPeer upstream;
  ClientConnection connection{upstream.stream()};
  Arena arena;
  http::Headers fields{arena};
  http::ResponseHead response{arena};

  void send_request(std::string_view method = "GET") {
    RequestLine line{method, "/p", "", false, "h"};
    ASSERT_TRUE(connection.begin_request(line, fields, BodyLength::none(), {}));
    ASSERT_TRUE(finish(connection.write({{}, true}, Flush::kNow)));
    upstream.take_received();
  }
  Status read_head(std::string_view text) {
    upstream.send(text);
    return finish(connection.read_head(response));
  }
};

// The rest of a response: its body, or what went wrong.
Task<std::string> read_body(ClientConnection& connection) {
  std::string body;
  for (;;) {
    auto piece = co_await connection.read_body();
    if (!piece) co_return "broken: " + piece.error().what;
    body.append(piece->bytes);
    if (piece->is_last) co_return body;
  }
}

Task<std::string> exchange(ClientConnection& connection, Arena& arena, std::string_view method) {
  http::Headers fields(arena);
  RequestLine line{method, "/p", "q=1", true, "h:81"};
  auto begun = connection.begin_request(line, fields, BodyLength::none(), {});
  if (!begun) co_return begun.error().what;
  if (!co_await connection.write({{}, true}, Flush::kNow)) co_return "not sent";
  http::ResponseHead head(arena);
  auto read = co_await connection.read_head(head);
  if (!read) co_return read.error().what;
  std::string body = co_await read_body(connection);
  co_return std::to_string(head.status) + " " + body;
}

struct Seen {
  std::string response;
  bool reusable = false;
};

Seen exchange_cut(std::string_view method, std::string_view wire, std::size_t cut, bool ends) {
  async::MemoryPeer upstream;
  ClientConnection connection(upstream.stream());
  Arena arena;
  Running<std::string> running(exchange(connection, arena, method));
  upstream.send(wire.substr(0, cut));
  upstream.send(wire.substr(cut));
  if (ends) upstream.end();
  return {running.is_done() ? running.result() : "still waiting", connection.is_reusable()};
}

void expect_response(std::string_view method, std::string_view wire, std::string_view seen, bool reusable,
                     bool ends = false) {
  for (std::size_t cut = 0; cut <= wire.size(); ++cut) {
    SCOPED_TRACE(cut);
    Seen got = exchange_cut(method, wire, cut, ends);
    EXPECT_EQ(got.response, seen);
    EXPECT_EQ(got.reusable, reusable);
  }
}

TEST(ClientConnection, ResponsesEndByTheirFramingHoweverTheyAreCut) {
  expect_response("GET", "HTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\nhello", "200 hello", true);
  expect_response("GET", "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n2\r\nhe\r\n3\r\nllo\r\n0\r\n\r\n",
                  "200 hello", true);
  expect_response("GET", "HTTP/1.1 200 OK\r\n\r\nhello", "200 hello", false, true);
  expect_response("HEAD", "HTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\n", "200 ", true);
  expect_response("GET", "HTTP/1.1 204 No Content\r\n\r\n", "204 ", true);
  expect_response("GET", "HTTP/1.1 304 Not Modified\r\nContent-Length: 5\r\n\r\n", "304 ", true);
  expect_response("GET", "HTTP/1.0 200 OK\r\nContent-Length: 0\r\n\r\n", "200 ", false);
  expect_response("GET", "HTTP/1.1 200 OK\r\nContent-Length: 0\r\nConnection: close\r\n\r\n", "200 ", false);
}

TEST(ClientConnection, ExtraBytesBehindAResponseEndTheConnection) {
  expect_response("GET", "HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nokHTTP/1.1 200 OK\r\n\r\n", "200 ok", false);
  expect_response("HEAD", "HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok", "200 ", false);
  expect_response("GET", "HTTP/1.1 204 No Content\r\n\r\nok", "204 ", false);
  expect_response("GET", "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\nx", "200 ", false);
}

TEST(ClientConnection, AResponseThatBreaksOffIsNotWhole) {
  expect_response("GET", "HTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\nhell",
                  "200 broken: the connection ended in the middle of the body", false, true);
  expect_response("GET", "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n5\r\nhello\r\n",
                  "200 broken: the connection ended in the middle of the body", false, true);
  expect_response("GET", "HTTP/1.1 200 OK\r\nContent-Le", "the upstream closed the connection", false, true);
}

TEST(ClientConnection, GarbageIsAProtocolError) {
  for (std::string_view wire :
       {"SSH-2.0-OpenSSH\r\n", "HTTP/1.1 200 OK\r\nContent-Length: 1\r\nContent-Length: 2\r\n\r\nab",
        "HTTP/1.1 200 OK\r\nContent-Length: 1\r\nTransfer-Encoding: chunked\r\n\r\n"}) {
    for (std::size_t cut = 0; cut <= wire.size(); ++cut) {
      Seen got = exchange_cut("GET", wire, cut, false);
      EXPECT_TRUE(got.response.starts_with("the upstream's response is broken: ")) << got.response;
    }
  }
}

TEST_F(ClientConnectionTest, TheRequestIsWrittenWithItsHostFirst) {
  fields.add("X-A", "1");
  RequestLine line{"POST", "/p", "q=1", true, "h:81"};
  ASSERT_TRUE(connection.begin_request(line, fields, BodyLength::sized(2), {}));
  EXPECT_FALSE(connection.request_begun());
  ASSERT_TRUE(finish(connection.write({"ab", true}, Flush::kNow)));
  EXPECT_TRUE(connection.request_begun());
  EXPECT_EQ(upstream.received(), "POST /p?q=1 HTTP/1.1\r\nHost: h:81\r\nX-A: 1\r\nContent-Length: 2\r\n\r\nab");
}

TEST_F(ClientConnectionTest, ARequestThatLeftInPartHasBegun) {
  upstream.take_no_more();
  RequestLine line{"POST", "/p", "", false, "h"};
  ASSERT_TRUE(connection.begin_request(line, fields, BodyLength::sized(2), {}));
  Running<Status> writing(connection.write({"ab", true}, Flush::kNow));
  EXPECT_FALSE(connection.request_begun());
  upstream.take(1);
  EXPECT_TRUE(connection.request_begun());
  upstream.reset();
  EXPECT_FALSE(writing.result());
  EXPECT_TRUE(connection.request_begun());
}

TEST_F(ClientConnectionTest, AConnectionIsNotReusedWhileItsRequestIsUnderWay) {
  upstream.take_no_more();
  RequestLine line{"POST", "/p", "", false, "h"};
  ASSERT_TRUE(connection.begin_request(line, fields, BodyLength::sized(2), {}));
  {
    Running<Status> dropped(connection.write({"ab", true}, Flush::kNow));
    upstream.take(30);
    EXPECT_TRUE(read_head("HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n"));
  }
  EXPECT_TRUE(connection.body().ended());
  EXPECT_FALSE(connection.is_reusable()) << "half a request body lies on the wire";
}

TEST_F(ClientConnectionTest, InterimHeadsComeBeforeTheFinalOne) {
  send_request();
  EXPECT_TRUE(read_head("HTTP/1.1 103 Early Hints\r\nLink: </a>\r\n\r\nHTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\n"));
  EXPECT_EQ(response.status, 103);
  EXPECT_EQ(response.headers.get("Link"), "</a>");
  EXPECT_TRUE(finish(connection.read_head(response)));
  EXPECT_EQ(response.status, 200);
  EXPECT_EQ(response.headers.get("Link"), std::nullopt);
}

TEST_F(ClientConnectionTest, AnEndlessRowOfInterimHeadsIsBroken) {
  send_request();
  Status read;
  int heads = 0;
  while ((read = read_head("HTTP/1.1 103 Early Hints\r\n\r\n")) && heads < 1000) ++heads;
  ASSERT_FALSE(read);
  EXPECT_EQ(read.error().code, ErrorCode::kProtocol);
  EXPECT_LT(heads, 100);
}

TEST_F(ClientConnectionTest, AResponseHeadBeyondTheLimitIsBroken) {
  send_request();
  Running<Status> reading(connection.read_head(response));
  upstream.send("HTTP/1.1 200 OK\r\n");
  for (int i = 0; i < 100 && !reading.is_done(); ++i) upstream.send("X: " + std::string(1000, 'a') + "\r\n");
  ASSERT_FALSE(reading.result());
  EXPECT_EQ(reading.result().error().code, ErrorCode::kProtocol);
}

TEST_F(ClientConnectionTest, WaitingMayGoOnAfterATimeout) {
  send_request();
  Running<Status> reading(connection.read_head(response));
  upstream.send("HTTP/1.1 200 OK\r\n");
  upstream.let_fill_time_out();
  ASSERT_FALSE(reading.result());
  EXPECT_EQ(reading.result().error().code, ErrorCode::kTimeout);
  EXPECT_TRUE(connection.response_begun());
  EXPECT_TRUE(read_head("Content-Length: 0\r\n\r\n"));
  EXPECT_EQ(response.status, 200);
}

TEST_F(ClientConnectionTest, AnIdleConnectionThatSaysSomethingIsNotReused) {
  send_request();
  EXPECT_TRUE(read_head("HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n"));
  EXPECT_TRUE(connection.is_reusable());
  upstream.send("HTTP/1.1 200 OK\r\n");
  EXPECT_FALSE(connection.is_reusable());
}

TEST_F(ClientConnectionTest, WhatCannotBeWrittenIsRefusedAndLeavesNothing) {
  for (RequestLine line : {RequestLine{"GE T", "/p", "", false, "h"}, RequestLine{"GET", "p", "", false, "h"},
                           RequestLine{"GET", "/p", "", false, "h\r\nX: y"}}) {
    auto begun = connection.begin_request(line, fields, BodyLength::none(), {});
    ASSERT_FALSE(begun);
    EXPECT_EQ(begun.error().code, ErrorCode::kInvalid);
  }
  EXPECT_TRUE(finish(connection.flush()));
  EXPECT_EQ(upstream.received(), "");
}

}  // namespace
}  // namespace sallyport::wire
