#include "wire/server_connection.h"

#include "async/epoll_reactor.h"
#include "async/stream_fixture.h"
#include "async/task_fixture.h"

#include <gtest/gtest.h>

#include <string>
#include <string_view>
#include <vector>

namespace sallyport::wire {
namespace {

using async::finish;
using async::Running;
using async::Task;
using http::BodyLength;
using Flush = BodyWriter::Flush;
using Kind = ServerConnection::Next::Kind;

struct ServerConnectionTest : testing::Test {
  async::EpollReactor reactor;  // gives the time only; it does not run
  ServerLimits limits;
  async::MemoryPeer client;
  ServerConnection connection{reactor, client.stream(), limits};
  Arena arena;
  http::RequestHead request{arena};

  ServerConnection::Next read(std::string_view text) {
    client.send(text);
    return finish(connection.read_head(request));
  }
  // Answers with `body`, whole.
  Status respond(BodyLength length, std::string_view body, int status = 200) {
    http::ResponseHead head(arena);
    head.status = status;
    connection.begin_response(head, length);
    return finish(connection.write({body, true}, Flush::kNow));
  }
  std::string response(BodyLength length, std::string_view body, int status = 200) {
    EXPECT_TRUE(respond(length, body, status));
    return client.take_received();
  }
};

// Serves every request of a connection; what it saw, one line each.
Task<std::string> serve_all(ServerConnection& connection, Arena& arena) {
  std::string seen;
  for (;;) {
    http::RequestHead request(arena);
    auto next = co_await connection.read_head(request);
    if (next.kind == Kind::kEnd) co_return seen + "end";
    if (next.kind == Kind::kRefused) co_return seen + std::to_string(next.refusal);
    seen.append(request.method).append(" ").append(request.target).append(" ");
    while (!connection.body().ended()) {
      auto piece = co_await connection.read_body();
      if (!piece) co_return seen + "broken body";
      seen.append(piece->bytes);
    }
    seen.append("\n");
    http::ResponseHead head(arena);
    connection.begin_response(head, BodyLength::sized(2));
    if (!co_await connection.write({"ok", true}, Flush::kNow)) co_return seen + "lost";
    if (!connection.is_reusable()) co_return seen + "closed";
  }
}

std::string serve_cut(std::string_view wire, std::size_t cut, std::string& answered) {
  async::EpollReactor reactor;
  ServerLimits limits;
  async::MemoryPeer client;
  ServerConnection connection(reactor, client.stream(), limits);
  Arena arena;
  Running<std::string> running(serve_all(connection, arena));
  client.send(wire.substr(0, cut));
  client.send(wire.substr(cut));
  client.end();
  answered = client.received();
  return running.is_done() ? running.result() : "still waiting";
}

TEST(ServerConnection, PipelinedRequestsAreServedInOrderHoweverTheyAreCut) {
  const std::string wire =
      "GET /a HTTP/1.1\r\nHost: h\r\n\r\n"
      "POST /b HTTP/1.1\r\nHost: h\r\nContent-Length: 5\r\n\r\nhello"
      "\r\nPOST /c HTTP/1.1\r\nHost: h\r\nTransfer-Encoding: chunked\r\n\r\n3\r\nabc\r\n2\r\nde\r\n0\r\nT: x\r\n\r\n"
      "DELETE /d HTTP/1.1\r\nHost: h\r\n\r\n";
  const std::string one = "HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok";
  for (std::size_t cut = 0; cut <= wire.size(); ++cut) {
    SCOPED_TRACE(cut);
    std::string answered;
    EXPECT_EQ(serve_cut(wire, cut, answered), "GET /a \nPOST /b hello\nPOST /c abcde\nDELETE /d \nend");
    EXPECT_EQ(answered, one + one + one + one);
  }
}

TEST(ServerConnection, NothingBehindABrokenBodyIsTakenForARequest) {
  const std::string wire =
      "POST /b HTTP/1.1\r\nHost: h\r\nTransfer-Encoding: chunked\r\n\r\nzz\r\n"
      "GET /secret HTTP/1.1\r\nHost: h\r\n\r\n";
  for (std::size_t cut = 0; cut <= wire.size(); ++cut) {
    std::string answered;
    EXPECT_EQ(serve_cut(wire, cut, answered), "POST /b broken body");
  }
}

TEST(ServerConnection, WhatFollowsTheLastRequestOfAConnectionIsNotServed) {
  const std::string wire = "GET /a HTTP/1.1\r\nHost: h\r\nConnection: close\r\n\r\nGET /b HTTP/1.1\r\nHost: h\r\n\r\n";
  std::string answered;
  EXPECT_EQ(serve_cut(wire, 0, answered), "GET /a \nclosed");
  EXPECT_EQ(answered, "HTTP/1.1 200 OK\r\nContent-Length: 2\r\nConnection: close\r\n\r\nok");
}

TEST_F(ServerConnectionTest, AnOldClientGetsOneResponse) {
  EXPECT_EQ(read("GET / HTTP/1.0\r\n\r\n").kind, Kind::kRequest);
  EXPECT_EQ(response(BodyLength::sized(1), "x"), "HTTP/1.1 200 OK\r\nContent-Length: 1\r\nConnection: close\r\n\r\nx");
  EXPECT_FALSE(connection.is_reusable());
}

TEST_F(ServerConnectionTest, AnOldClientMayAskToStay) {
  EXPECT_EQ(read("GET / HTTP/1.0\r\nConnection: keep-alive\r\n\r\n").kind, Kind::kRequest);
  EXPECT_EQ(response(BodyLength::sized(1), "x"),
            "HTTP/1.1 200 OK\r\nContent-Length: 1\r\nConnection: keep-alive\r\n\r\nx");
  EXPECT_TRUE(connection.is_reusable());
}

TEST_F(ServerConnectionTest, AnOldClientGetsNoChunks) {
  EXPECT_EQ(read("GET / HTTP/1.0\r\nConnection: keep-alive\r\n\r\n").kind, Kind::kRequest);
  EXPECT_EQ(response(BodyLength::chunked(), "x"), "HTTP/1.1 200 OK\r\nConnection: close\r\n\r\nx");
  EXPECT_FALSE(connection.is_reusable());
}

TEST_F(ServerConnectionTest, AnOldClientGetsNoInterimResponse) {
  EXPECT_EQ(read("POST / HTTP/1.0\r\nContent-Length: 1\r\n\r\n").kind, Kind::kRequest);
  http::ResponseHead interim(arena);
  interim.status = 100;
  EXPECT_TRUE(finish(connection.send_interim(interim)));
  EXPECT_EQ(client.received(), "");
}

TEST_F(ServerConnectionTest, AnInterimResponseLeavesAtOnceAndEndsNothing) {
  EXPECT_EQ(read("POST / HTTP/1.1\r\nHost: h\r\nExpect: 100-continue\r\nContent-Length: 1\r\n\r\n").kind,
            Kind::kRequest);
  EXPECT_TRUE(request.expects_continue);
  http::ResponseHead interim(arena);
  interim.status = 100;
  EXPECT_TRUE(finish(connection.send_interim(interim)));
  EXPECT_EQ(client.take_received(), "HTTP/1.1 100 Continue\r\n\r\n");
  client.send("x");
  EXPECT_EQ(finish(connection.read_body())->bytes, "x");
  EXPECT_EQ(response(BodyLength::sized(0), ""), "HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n");
  EXPECT_TRUE(connection.is_reusable());
}

TEST_F(ServerConnectionTest, ATornInterimResponseIsFollowedByNothing) {
  EXPECT_EQ(read("POST / HTTP/1.1\r\nHost: h\r\nContent-Length: 1\r\n\r\n").kind, Kind::kRequest);
  client.take_no_more();
  http::ResponseHead interim(arena);
  interim.status = 103;
  Running<Status> sending(connection.send_interim(interim));
  client.take(5);
  client.let_send_time_out();
  EXPECT_FALSE(sending.result());
  client.take(1000);
  EXPECT_FALSE(respond(BodyLength::sized(1), "x"));
  EXPECT_EQ(client.received(), "HTTP/");
  EXPECT_FALSE(connection.is_reusable());
}

TEST_F(ServerConnectionTest, HeadAndStatusesWithoutABodyAreFramedRight) {
  EXPECT_EQ(read("HEAD / HTTP/1.1\r\nHost: h\r\n\r\n").kind, Kind::kRequest);
  http::ResponseHead head(arena);
  head.announced_length = 1234;
  connection.begin_response(head, BodyLength::none());
  EXPECT_TRUE(finish(connection.write({{}, true}, Flush::kNow)));
  EXPECT_EQ(client.take_received(), "HTTP/1.1 200 OK\r\nContent-Length: 1234\r\n\r\n");
  EXPECT_TRUE(connection.is_reusable());
  EXPECT_EQ(read("GET / HTTP/1.1\r\nHost: h\r\n\r\n").kind, Kind::kRequest);
  EXPECT_EQ(response(BodyLength::none(), "", 204), "HTTP/1.1 204 No Content\r\n\r\n");
  EXPECT_EQ(read("GET / HTTP/1.1\r\nHost: h\r\n\r\n").kind, Kind::kRequest);
  EXPECT_EQ(response(BodyLength::none(), "", 304), "HTTP/1.1 304 Not Modified\r\n\r\n");
  EXPECT_TRUE(connection.is_reusable());
}

TEST_F(ServerConnectionTest, AResponseThatDidNotLeaveWholeEndsTheConnection) {
  EXPECT_EQ(read("GET / HTTP/1.1\r\nHost: h\r\n\r\n").kind, Kind::kRequest);
  client.take_no_more();
  http::ResponseHead head(arena);
  connection.begin_response(head, BodyLength::sized(3));
  Running<Status> writing(connection.write({"abc", true}, Flush::kNow));
  EXPECT_FALSE(connection.response_ended());
  client.take(10);
  client.let_send_time_out();
  EXPECT_FALSE(writing.result());
  EXPECT_FALSE(connection.response_ended());
  EXPECT_FALSE(connection.is_reusable());
  EXPECT_EQ(connection.sent_bytes(), 10u);
}

TEST(ServerConnection, AFragmentOfAResponseNeverLooksWhole) {
  for (auto [version, breaks] : {std::pair("HTTP/1.0", true), std::pair("HTTP/1.1", false)}) {
    async::EpollReactor reactor;
    ServerLimits limits;
    async::MemoryPeer client;
    {
      ServerConnection connection(reactor, client.stream(), limits);
      Arena arena;
      http::RequestHead request(arena);
      client.send(std::string("GET / ") + version + "\r\nHost: h\r\n\r\n");
      EXPECT_EQ(finish(connection.read_head(request)).kind, Kind::kRequest);
      http::ResponseHead head(arena);
      connection.begin_response(head, BodyLength::chunked());
      EXPECT_TRUE(finish(connection.write({"half", false}, Flush::kNow)));
      connection.break_off();
      EXPECT_FALSE(connection.is_reusable());
    }
    EXPECT_EQ(client.sees_break(), breaks) << "chunks have an end of their own";
  }
}

TEST_F(ServerConnectionTest, WaitingForARequestEndsWithItsFirstByte) {
  limits.keep_alive = Milliseconds(70'000);
  Running<bool> waiting(connection.wait_for_request());
  EXPECT_EQ(client.fill_timeout(), Milliseconds(70'000));
  client.send("G");
  EXPECT_TRUE(waiting.result());
  EXPECT_TRUE(finish(connection.wait_for_request())) << "it is still there";
  EXPECT_EQ(read("ET / HTTP/1.1\r\nHost: h\r\n\r\n").kind, Kind::kRequest);
}

TEST_F(ServerConnectionTest, WaitingForARequestThatDoesNotComeEndsTheConnection) {
  Running<bool> waiting(connection.wait_for_request());
  client.let_fill_time_out();
  EXPECT_FALSE(waiting.result());
  client.end();
  EXPECT_FALSE(finish(connection.wait_for_request()));
}

TEST_F(ServerConnectionTest, TheFirstByteOfAHeadMayTakeLongerThanItsRest) {
  limits.keep_alive = Milliseconds(70'000);
  limits.head_arrival = Milliseconds(3'000);
  Running<ServerConnection::Next> reading(connection.read_head(request));
  EXPECT_EQ(client.fill_timeout(), Milliseconds(70'000));
  client.send("GET ");
  EXPECT_EQ(client.fill_timeout(), Milliseconds(3'000));
  client.let_fill_time_out();
  EXPECT_EQ(reading.result().kind, Kind::kRefused);
  EXPECT_EQ(reading.result().refusal, 408);
}

TEST_F(ServerConnectionTest, AnIdleConnectionEndsWithoutAnAnswer) {
  Running<ServerConnection::Next> reading(connection.read_head(request));
  client.let_fill_time_out();
  EXPECT_EQ(reading.result().kind, Kind::kEnd);
}

TEST_F(ServerConnectionTest, AResetInsideAHeadIsNoRequest) {
  Running<ServerConnection::Next> reading(connection.read_head(request));
  client.send("GET / HTTP/1.1\r\n");
  client.reset();
  EXPECT_EQ(reading.result().kind, Kind::kEnd);
}

TEST_F(ServerConnectionTest, AnEndInsideAHeadIsNoRequest) {
  Running<ServerConnection::Next> reading(connection.read_head(request));
  client.send("GET / HTTP/1.1\r\n");
  client.end();
  EXPECT_EQ(reading.result().kind, Kind::kEnd);
}

// One test of the limits for bytes that come at once and for bytes that come one by one.
int refusal_of(std::string_view wire, std::size_t step) {
  async::EpollReactor reactor;
  ServerLimits limits;
  limits.head.bytes = 2'000;
  limits.head.target_bytes = 500;
  async::MemoryPeer client;
  ServerConnection connection(reactor, client.stream(), limits);
  Arena arena;
  http::RequestHead request(arena);
  Running<ServerConnection::Next> reading(connection.read_head(request));
  for (; !wire.empty() && !reading.is_done(); wire.remove_prefix(std::min(step, wire.size()))) {
    client.send(wire.substr(0, step));
  }
  return reading.is_done() ? reading.result().refusal : 0;
}

TEST(ServerConnection, AHeadBeyondTheLimitsIsRefusedHoweverItArrives) {
  const std::string long_target = "GET /" + std::string(5'000, 'a') + " HTTP/1.1\r\nHost: h\r\n\r\n";
  const std::string long_field = "GET / HTTP/1.1\r\nHost: h\r\nX: " + std::string(5'000, 'a') + "\r\n\r\n";
  const std::string no_http = std::string("\x16\x03\x01\x02\x00\x01", 6) + std::string(5'000, 'a');
  for (std::size_t step : {1u, 7u, 1'999u, 10'000u}) {
    SCOPED_TRACE(step);
    EXPECT_EQ(refusal_of(long_target, step), 414);
    EXPECT_EQ(refusal_of(long_field, step), 431);
    EXPECT_EQ(refusal_of(no_http, step), 400);
  }
}

TEST_F(ServerConnectionTest, ARefusedHeadEndsTheConnectionAfterItsAnswer) {
  auto next = read("GET /a b HTTP/1.1\r\nHost: h\r\n\r\nGET /c HTTP/1.1\r\nHost: h\r\n\r\n");
  EXPECT_EQ(next.kind, Kind::kRefused);
  EXPECT_EQ(next.refusal, 400);
  EXPECT_EQ(response(BodyLength::sized(0), "", 400),
            "HTTP/1.1 400 Bad Request\r\nContent-Length: 0\r\nConnection: close\r\n\r\n");
  EXPECT_FALSE(connection.is_reusable());
}

TEST_F(ServerConnectionTest, AShortRestOfABodyIsDroppedToKeepTheConnection) {
  EXPECT_EQ(read("POST /a HTTP/1.1\r\nHost: h\r\nContent-Length: 5\r\n\r\nhe").kind, Kind::kRequest);
  EXPECT_TRUE(respond(BodyLength::sized(0), ""));
  EXPECT_FALSE(connection.is_reusable());
  Running<bool> draining(connection.drain_body(100));
  EXPECT_FALSE(draining.is_done());
  client.send("lloGET /b HTTP/1.1\r\nHost: h\r\n\r\n");
  EXPECT_TRUE(draining.result());
  EXPECT_TRUE(connection.is_reusable());
  EXPECT_EQ(read("").kind, Kind::kRequest);
  EXPECT_EQ(request.target, "/b");
}

TEST_F(ServerConnectionTest, ALongOrSlowRestOfABodyIsNotWaitedFor) {
  EXPECT_EQ(read("POST /a HTTP/1.1\r\nHost: h\r\nContent-Length: 500\r\n\r\n" + std::string(200, 'x')).kind,
            Kind::kRequest);
  EXPECT_FALSE(finish(connection.drain_body(100)));
  Running<bool> draining(connection.drain_body(10'000));
  EXPECT_LE(client.fill_timeout(), Milliseconds(5'000));
  client.let_fill_time_out();
  EXPECT_FALSE(draining.result());
  EXPECT_FALSE(connection.is_reusable());
}

TEST_F(ServerConnectionTest, LingeringLetsTheClientReadAndDropsWhatItSends) {
  EXPECT_EQ(read("GET /a HTTP/1.1\r\nHost: h\r\n\r\n").kind, Kind::kRequest);
  EXPECT_TRUE(respond(BodyLength::sized(0), ""));
  auto linger = [](ServerConnection& of) -> Task<bool> {
    co_await of.linger();
    co_return true;
  };
  Running<bool> lingering(linger(connection));
  EXPECT_TRUE(client.sees_end());
  client.send(std::string(100'000, 'x'));
  EXPECT_FALSE(lingering.is_done());
  EXPECT_LE(client.fill_timeout(), Milliseconds(2'000));
  client.end();
  EXPECT_TRUE(lingering.is_done());
}

TEST_F(ServerConnectionTest, LingeringEndsForAClientThatNeverStops) {
  auto linger = [](ServerConnection& of) -> Task<bool> {
    co_await of.linger();
    co_return true;
  };
  Running<bool> lingering(linger(connection));
  for (int i = 0; i < 100 && !lingering.is_done(); ++i) client.send(std::string(60'000, 'x'));
  EXPECT_TRUE(lingering.is_done());
}

}  // namespace
}  // namespace sallyport::wire
