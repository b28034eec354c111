#include "h2/client_connection.h"

#include "async/manual_reactor_fixture.h"
#include "async/task_fixture.h"
#include "h2/upstream_fixture.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <memory>
#include <string>
#include <string_view>
#include <vector>

namespace sallyport::h2 {
namespace {

using async::finish;
using async::Running;
using async::Task;
using http::BodyLength;
using testing::HasSubstr;
using testing::StartsWith;
using wire::ClientExchange;
using ExchangePtr = std::unique_ptr<ClientExchange>;
using Flush = wire::BodyWriter::Flush;

Task<Status> send_all(ClientExchange& exchange, std::string body, const http::Headers* trailers = nullptr) {
  co_return co_await exchange.write({body, true, trailers}, Flush::kNow);
}

// The rest of a response: its body and trailers, or what went wrong.
Task<std::string> read_rest(ClientExchange& exchange) {
  std::string all;
  for (;;) {
    auto piece = co_await exchange.read_body();
    if (!piece) co_return all + " broken: " + piece.error().what;
    all.append(piece->bytes);
    if (piece->is_last) break;
  }
  Arena arena;
  http::Headers trailers(arena);
  exchange.trailers(trailers);
  for (const http::Field& field : trailers) all.append(" ").append(field.name).append("=").append(field.value);
  co_return all;
}

struct H2ClientTest : testing::Test {
  async::ManualReactor reactor;
  Upstream upstream;
  std::unique_ptr<ClientConnection> connection =
      std::make_unique<ClientConnection>(reactor, upstream.peer.stream(), "http");
  Arena arena;
  http::Headers fields{arena};
  http::ResponseHead response{arena};

  void open(std::vector<nghttp2_settings_entry> settings = {}) {
    Running<Status> opening(connection->open(Milliseconds(1000)));
    EXPECT_FALSE(connection->has_room());
    upstream.submit_settings(std::move(settings));
    upstream.exchange();
    ASSERT_TRUE(opening.is_done());
    ASSERT_TRUE(opening.result());
  }
  ExchangePtr begin(std::string_view method = "GET", BodyLength body = BodyLength::none(),
                    wire::ClientTimeouts timeouts = {}) {
    auto exchange = connection->begin_exchange();
    wire::RequestLine line{method, "/p", "q=1", true, "h:81"};
    EXPECT_TRUE(exchange->begin_request(line, fields, body, timeouts));
    return exchange;
  }
  ExchangePtr get() {
    auto exchange = begin();
    EXPECT_TRUE(finish(exchange->write({{}, true}, Flush::kNow)));
    upstream.exchange();
    return exchange;
  }
  // "200", or what went wrong.
  std::string head_of(ClientExchange& exchange) {
    Status read = finish(exchange.read_head(response));
    return read ? std::to_string(response.status) : read.error().what;
  }
  ErrorCode failure_of(ClientExchange& exchange) {
    Status read = finish(exchange.read_head(response));
    EXPECT_FALSE(read);
    EXPECT_EQ(read.error().side, Side::kUpstream);
    return read.error().code;
  }
};

TEST_F(H2ClientTest, ARequestWithoutBodyIsOneFieldSection) {
  open();
  fields.add("X-One", "1");
  fields.add("Connection", "close");
  auto exchange = begin();
  EXPECT_FALSE(exchange->request_begun());
  EXPECT_TRUE(finish(exchange->write({{}, true}, Flush::kNow)));
  EXPECT_TRUE(exchange->request_begun());
  upstream.exchange();
  EXPECT_EQ(upstream.requests[1].head, ":method: GET\n:scheme: http\n:authority: h:81\n:path: /p?q=1\nx-one: 1\n");
  EXPECT_TRUE(upstream.requests[1].is_whole);
}

TEST_F(H2ClientTest, AResponseComesWithBodyAndTrailers) {
  open();
  auto exchange = get();
  EXPECT_FALSE(exchange->response_begun());
  upstream.head(1, {{":status", "201"}, {"x-a", "b"}, {"content-length", "5"}});
  EXPECT_EQ(head_of(*exchange), "201");
  EXPECT_EQ(response.headers.get("X-A"), "b");
  EXPECT_EQ(response.body, BodyLength::sized(5));
  Running<std::string> rest(read_rest(*exchange));
  EXPECT_FALSE(rest.is_done());
  upstream.body(1, "he");
  upstream.body(1, "llo", Upstream::Fields{{"grpc-status", "0"}});
  EXPECT_EQ(rest.result(), "hello grpc-status=0");
  EXPECT_TRUE(exchange->has_trailers());
  exchange.reset();
  upstream.exchange();
  EXPECT_EQ(upstream.requests[1].reset_with, "") << "both messages had ended";
  EXPECT_FALSE(connection->is_busy());
}

TEST_F(H2ClientTest, AnAnswerThatIsAHeadAloneHasNoBody) {
  open();
  auto exchange = get();
  upstream.head(1, {{":status", "200"}, {"grpc-status", "12"}}, true);
  EXPECT_EQ(head_of(*exchange), "200");
  EXPECT_TRUE(response.body.is_empty());
  EXPECT_EQ(finish(read_rest(*exchange)), "");
}

TEST_F(H2ClientTest, AnAnswerToHeadAnnouncesItsLength) {
  open();
  auto exchange = begin("HEAD");
  EXPECT_TRUE(finish(exchange->write({{}, true}, Flush::kNow)));
  upstream.exchange();
  upstream.head(1, {{":status", "200"}, {"content-length", "7"}}, true);
  EXPECT_EQ(head_of(*exchange), "200");
  EXPECT_TRUE(response.body.is_empty());
  EXPECT_EQ(response.announced_length, 7u);
}

TEST_F(H2ClientTest, ExchangesShareAConnectionAndEndInAnyOrder) {
  open();
  auto first = get();
  auto second = get();
  upstream.head(3, {{":status", "202"}}, true);
  upstream.head(1, {{":status", "201"}}, true);
  EXPECT_EQ(head_of(*first), "201");
  EXPECT_EQ(head_of(*second), "202");
}

TEST_F(H2ClientTest, InterimResponsesAreHandedOverUpToALimit) {
  open();
  auto exchange = get();
  upstream.head(1, {{":status", "103"}, {"link", "</a>"}});
  EXPECT_EQ(head_of(*exchange), "103");
  EXPECT_EQ(response.headers.get("link"), "</a>");
  for (int i = 0; i < 16; ++i) upstream.head(1, {{":status", "100"}});
  response.headers.clear();
  for (int i = 1; i < 17; ++i) EXPECT_EQ(head_of(*exchange), "100");
  EXPECT_THAT(head_of(*exchange), HasSubstr("too_many_interim_responses"));
  upstream.exchange();
  EXPECT_EQ(upstream.requests[1].reset_with, "ENHANCE_YOUR_CALM");
}

TEST_F(H2ClientTest, ABodyWaitsForTheWindowOfThePeer) {
  upstream.takes_bodies = false;
  open();
  auto exchange = begin("POST", BodyLength::chunked());
  fields.add("x-sum", "9");
  Running<Status> sending(send_all(*exchange, std::string(100'000, 'a'), &fields));
  upstream.exchange();
  EXPECT_EQ(upstream.requests[1].body.size(), 65'535u);
  EXPECT_FALSE(sending.is_done());
  upstream.session.consume(1, 65'535);
  upstream.exchange();
  ASSERT_TRUE(sending.is_done());
  EXPECT_TRUE(sending.result());
  EXPECT_EQ(upstream.requests[1].body.size(), 100'000u);
  EXPECT_TRUE(upstream.requests[1].is_whole);
  EXPECT_THAT(upstream.requests[1].head, HasSubstr("x-sum: 9\n"));
}

TEST_F(H2ClientTest, ABodyThatThePeerDoesNotTakeIsLate) {
  upstream.takes_bodies = false;
  open();
  auto exchange = begin("POST", BodyLength::chunked());
  Running<Status> sending(send_all(*exchange, std::string(100'000, 'a')));
  upstream.exchange();
  reactor.advance(Milliseconds(60'000));
  ASSERT_TRUE(sending.is_done());
  EXPECT_EQ(sending.result().error().code, ErrorCode::kTimeout);
}

TEST_F(H2ClientTest, WhatNobodyReadsIsBoundedByTheWindow) {
  open();
  auto exchange = get();
  auto other = get();
  upstream.head(1, {{":status", "200"}});
  upstream.body(1, std::string(200'000, 'a'), Upstream::Fields{});
  upstream.head(3, {{":status", "200"}});
  EXPECT_EQ(nghttp2_session_get_stream_remote_window_size(upstream.session.raw(), 1), 0);
  EXPECT_GT(nghttp2_session_get_remote_window_size(upstream.session.raw()), 500'000) << "others go on";
  EXPECT_EQ(head_of(*exchange), "200");
  Running<std::string> rest(read_rest(*exchange));
  while (!rest.is_done()) upstream.exchange();
  EXPECT_EQ(rest.result().size(), 200'000u);
}

TEST_F(H2ClientTest, AnExchangeThatIsDroppedResetsItsStream) {
  open();
  auto exchange = get();
  exchange.reset();
  upstream.exchange();
  EXPECT_EQ(upstream.requests[1].reset_with, "CANCEL");
  EXPECT_FALSE(connection->is_busy());
  auto unsent = begin();
  unsent.reset();
  upstream.exchange();
  EXPECT_EQ(upstream.requests.count(3), 0u);
  EXPECT_FALSE(connection->is_busy());
  auto next = get();
  EXPECT_TRUE(next->request_begun());
}

TEST_F(H2ClientTest, ThereIsRoomAsLongAsThePeerTakesStreams) {
  int changes = 0;
  connection->on_change([&changes] { ++changes; });
  open({{NGHTTP2_SETTINGS_MAX_CONCURRENT_STREAMS, 2}});
  auto first = get();
  EXPECT_TRUE(connection->has_room());
  auto second = begin();
  EXPECT_FALSE(connection->has_room());
  changes = 0;
  upstream.head(1, {{":status", "200"}}, true);
  EXPECT_EQ(changes, 1);
  EXPECT_TRUE(connection->has_room());
  second.reset();
  reactor.deliver();
  EXPECT_TRUE(connection->has_room());
}

TEST_F(H2ClientTest, StreamsThatAGoawayLeavesOutWereNotSeen) {
  open();
  auto seen = get();
  auto unseen = get();
  upstream.go_away(1);
  EXPECT_TRUE(connection->is_over());
  EXPECT_EQ(failure_of(*unseen), ErrorCode::kClosed);
  EXPECT_FALSE(unseen->request_begun());
  EXPECT_FALSE(unseen->response_begun());
  upstream.head(1, {{":status", "200"}}, true);
  EXPECT_EQ(head_of(*seen), "200");
}

TEST_F(H2ClientTest, AStreamThatIsRefusedWasNotSeen) {
  open();
  auto exchange = get();
  upstream.reset(1, NGHTTP2_REFUSED_STREAM);
  EXPECT_EQ(failure_of(*exchange), ErrorCode::kRefused);
  EXPECT_FALSE(exchange->request_begun());
  EXPECT_TRUE(connection->has_room());
}

TEST_F(H2ClientTest, AStreamThatIsResetFailsItsExchangeAlone) {
  open();
  auto exchange = get();
  auto other = get();
  upstream.reset(1, NGHTTP2_INTERNAL_ERROR);
  EXPECT_EQ(failure_of(*exchange), ErrorCode::kClosed);
  EXPECT_TRUE(exchange->request_begun());
  upstream.head(3, {{":status", "200"}}, true);
  EXPECT_EQ(head_of(*other), "200");
}

TEST_F(H2ClientTest, WhatCameBeforeAResetIsRead) {
  open();
  auto exchange = get();
  upstream.head(1, {{":status", "200"}});
  upstream.body(1, "abc");
  upstream.reset(1, NGHTTP2_INTERNAL_ERROR);
  EXPECT_EQ(head_of(*exchange), "200");
  EXPECT_EQ(finish(read_rest(*exchange)), "abc broken: the upstream reset the stream: INTERNAL_ERROR");
}

TEST_F(H2ClientTest, AnUpstreamThatWantsNoMoreOfABodyMayAnswer) {
  upstream.takes_bodies = false;
  open();
  auto exchange = begin("POST", BodyLength::chunked());
  Running<Status> sending(send_all(*exchange, std::string(100'000, 'a')));
  upstream.exchange();
  upstream.head(1, {{":status", "413"}}, true);
  upstream.reset(1, NGHTTP2_NO_ERROR);
  ASSERT_TRUE(sending.is_done());
  EXPECT_EQ(sending.result().error().code, ErrorCode::kClosed);
  EXPECT_EQ(head_of(*exchange), "413");
}

TEST_F(H2ClientTest, ALostConnectionFailsAllItsExchanges) {
  open();
  auto first = get();
  auto second = get();
  Running<Status> waiting(first->read_head(response));
  upstream.peer.reset();
  ASSERT_TRUE(waiting.is_done());
  EXPECT_EQ(waiting.result().error().code, ErrorCode::kClosed);
  EXPECT_EQ(failure_of(*second), ErrorCode::kClosed);
  EXPECT_TRUE(connection->is_over());
  EXPECT_TRUE(second->request_begun());
}

TEST_F(H2ClientTest, WhatComesOnceTheConnectionIsLostIsForNobody) {
  open();
  auto exchange = get();
  upstream.peer.take_no_more();
  auto other = begin();
  EXPECT_TRUE(finish(other->write({{}, true}, Flush::kNow)));
  ASSERT_TRUE(upstream.peer.stream_sends());
  upstream.peer.let_send_time_out();
  EXPECT_EQ(failure_of(*exchange), ErrorCode::kTimeout);
  exchange.reset();
  other.reset();
  upstream.head(1, {{":status", "200"}});
  upstream.body(1, "too late", Upstream::Fields{});
}

TEST_F(H2ClientTest, ASilentPeerIsAskedWhetherItLives) {
  open();
  auto exchange = get();
  Running<Status> waiting(exchange->read_head(response));
  reactor.advance(Milliseconds(60'000));
  ASSERT_TRUE(waiting.is_done());
  EXPECT_EQ(waiting.result().error().code, ErrorCode::kTimeout);
  EXPECT_FALSE(connection->has_room());
  upstream.exchange();
  EXPECT_EQ(upstream.pings, 1u);
  EXPECT_TRUE(connection->has_room()) << "it has answered";
  Running<Status> again(exchange->read_head(response));
  reactor.advance(Milliseconds(60'000));
  reactor.advance(Milliseconds(10'000));
  connection->look_after();
  EXPECT_TRUE(connection->is_over());
}

TEST_F(H2ClientTest, AnUpstreamOfHttp1IsNamed) {
  Running<Status> opening(connection->open(Milliseconds(1000)));
  upstream.peer.send("HTTP/1.1 400 Bad Request\r\n\r\n");
  ASSERT_TRUE(opening.is_done());
  EXPECT_EQ(opening.result().error().code, ErrorCode::kProtocol);
  EXPECT_THAT(opening.result().error().what, StartsWith("the upstream does not speak HTTP/2"));
}

TEST_F(H2ClientTest, AnUpstreamThatDoesNotBeginIsLate) {
  Running<Status> opening(connection->open(Milliseconds(1000)));
  reactor.advance(Milliseconds(1000));
  ASSERT_TRUE(opening.is_done());
  EXPECT_EQ(opening.result().error().code, ErrorCode::kTimeout);
}

TEST_F(H2ClientTest, AHeadThatIsTooLargeIsRefused) {
  open();
  auto exchange = get();
  Upstream::Fields many{{":status", "200"}};
  for (int i = 0; i < 201; ++i) many.emplace_back("x", "y");
  upstream.head(1, many, true);
  EXPECT_THAT(head_of(*exchange), HasSubstr("head_too_large"));
  upstream.exchange();
  EXPECT_EQ(upstream.requests[1].reset_with, "INTERNAL_ERROR");
  EXPECT_FALSE(connection->is_over());
}

// Below 100 it would count as interim.
TEST_F(H2ClientTest, AStatusOfNoClassIsRefused) {
  open();
  for (const char* status : {"000", "099", "600"}) {
    auto exchange = get();
    upstream.head(upstream.requests.rbegin()->first, {{":status", status}}, true);
    EXPECT_THAT(head_of(*exchange), HasSubstr("bad_status")) << status;
  }
  EXPECT_FALSE(connection->is_over());
}

TEST_F(H2ClientTest, AMalformedResponseIsRefused) {
  open();
  auto exchange = get();
  upstream.head(1, {{":status", "200"}, {"connection", "close"}});
  EXPECT_EQ(failure_of(*exchange), ErrorCode::kProtocol);
  auto longer = get();
  upstream.head(3, {{":status", "200"}, {"content-length", "1"}});
  upstream.body(3, "ab", Upstream::Fields{});
  EXPECT_EQ(head_of(*longer), "200");
  EXPECT_THAT(finish(read_rest(*longer)), HasSubstr("broken"));
}

TEST_F(H2ClientTest, FramesThatBringNothingOnEndTheConnection) {
  open();
  auto exchange = get();
  for (int i = 0; i < 1100 && !connection->is_over(); ++i) {
    nghttp2_submit_ping(upstream.session.raw(), NGHTTP2_FLAG_NONE, nullptr);
    upstream.exchange();
  }
  EXPECT_TRUE(connection->is_over());
  EXPECT_EQ(failure_of(*exchange), ErrorCode::kProtocol);
}

TEST_F(H2ClientTest, ExchangesOutliveTheirConnection) {
  open();
  auto exchange = get();
  connection.reset();
  EXPECT_EQ(failure_of(*exchange), ErrorCode::kClosed);
}

TEST_F(H2ClientTest, AnExchangeThatIsBrokenOffFailsFromTheLoop) {
  open();
  auto exchange = get();
  Running<Status> waiting(exchange->read_head(response));
  exchange->abort();
  EXPECT_FALSE(waiting.is_done());
  reactor.deliver();
  ASSERT_TRUE(waiting.is_done());
  EXPECT_EQ(waiting.result().error().code, ErrorCode::kClosed);
}

TEST_F(H2ClientTest, AConnectionThatIsNoLongerWantedSaysSo) {
  open();
  connection->say_goodbye();
  upstream.exchange();
  EXPECT_TRUE(upstream.was_left);
  EXPECT_TRUE(connection->is_over());
}

TEST_F(H2ClientTest, RequestsThatCannotBeWrittenAreRefused) {
  open();
  auto exchange = connection->begin_exchange();
  for (wire::RequestLine line :
       {wire::RequestLine{"G T", "/", "", false, "h"}, wire::RequestLine{"GET", "p", "", false, "h"},
        wire::RequestLine{"GET", "/", "", false, "a b"}}) {
    Status begun = exchange->begin_request(line, fields, BodyLength::none(), {});
    ASSERT_FALSE(begun);
    EXPECT_EQ(begun.error().code, ErrorCode::kInvalid);
  }
}

TEST_F(H2ClientTest, WithoutATimeToReadItWaitsAsLongAsThePeerLives) {
  open();
  wire::ClientTimeouts timeouts;
  timeouts.read = Milliseconds(0);
  ExchangePtr exchange = begin("POST", BodyLength::chunked(), timeouts);
  EXPECT_TRUE(finish(exchange->flush()));
  Running<Status> reading(exchange->read_head(response));
  for (int minute = 0; minute < 3; ++minute) {
    reactor.advance(Milliseconds(60'000));
    upstream.exchange();  // it answers when it is asked whether it lives
    reactor.advance(Milliseconds(10'000));
    connection->look_after();
    EXPECT_FALSE(reading.is_done());
  }
  reactor.advance(Milliseconds(60'000));
  reactor.advance(Milliseconds(10'000));
  connection->look_after();
  ASSERT_TRUE(reading.is_done());
  EXPECT_THAT(reading.result().error().what, HasSubstr("does not answer when it is asked"));
}

}  // namespace
}  // namespace sallyport::h2
