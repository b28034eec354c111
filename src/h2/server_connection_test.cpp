#include "h2/server_connection.h"

#include "async/loop_fixture.h"
#include "async/simulated_reactor_fixture.h"
#include "async/stream_fixture.h"
#include "async/until_set.h"
#include "h2/downstream_fixture.h"
#include "wire/stream_tunnel.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <utility>
#include <vector>

namespace sallyport::h2 {
namespace {

using async::Task;
using http::BodyLength;
using testing::Each;
using testing::IsEmpty;
using testing::Pair;
using testing::SizeIs;
using Flush = wire::BodyWriter::Flush;

constexpr StreamId kAllStreams = (1u << 31) - 1;

struct Flood {
  const char* name = "";
  std::uint8_t type = 0;
  std::uint8_t flags = 0;
  StreamId stream = 0;
  std::string payload;
};

// A connection between a client and its server on a simulated loop, where bytes come in pieces as the parameter, the
// seed, decides.
struct H2ServerTest : testing::TestWithParam<int>, ServerHandler {
  using Act = std::function<Task<void>(ServerStream&)>;

  H2ServerTest() {
    times.keep_alive = times.send = times.body_piece = Milliseconds(5'000);
    times.response_rate.bytes_per_second = 0;
    reactor.at_turn_end([this] {
      if (std::exchange(has_something, false) && connection) connection->send();
    });
  }
  static std::unique_ptr<async::Reactor> simulated() {
    return std::make_unique<async::SimulatedReactor>(static_cast<std::uint64_t>(GetParam()));
  }

  // Lets `talk` speak to a connection that serves with `act`; afterwards the connection has ended.
  void run(Act act, std::function<Task<void>(Downstream&)> talk, std::vector<nghttp2_settings_entry> settings = {}) {
    acts = std::move(act);
    loop.run(both(std::move(talk), std::move(settings)));
    EXPECT_EQ(begun, ended);
    EXPECT_FALSE(busy);
    EXPECT_FALSE(reactor_().is_overdue());
    EXPECT_EQ(reactor_().loop.streams, 0u);
    EXPECT_EQ(reactor_().loop.timers, 0u);
  }
  Task<void> both(std::function<Task<void>(Downstream&)> talk, std::vector<nghttp2_settings_entry> settings) {
    auto& simulation = reactor_();
    simulation.ends = simulation.now() + std::chrono::hours(1);
    auto link = std::make_shared<async::SimulatedLink>(simulation.loop, 1,
                                                       async::SimulatedManners::anyhow(simulation.loop.chance));
    auto ends = link->ends();
    connection.emplace(reactor, std::move(ends.second), times, limits, *this);
    loop.tasks.spawn(serve_connection());
    {
      client.emplace(std::move(ends.first), std::move(settings));
      co_await talk(*client);
      client.reset();
    }
    co_await loop.until([this] { return connection_ended; });
    connection.reset();
  }
  Task<void> serve_connection() {
    co_await connection->run();
    connection_ended = true;
  }
  async::SimulatedReactor& reactor_() { return static_cast<async::SimulatedReactor&>(reactor); }

  Task<void> serve(ServerStream& stream) override {
    struct Count {
      explicit Count(int& of) : count(of) {}
      ~Count() { ++count; }
      int& count;
    } end(ended);
    ++begun;
    auto work = complete(stream);
    auto done = co_await async::UntilSet(stream.lost(), std::move(work));
    if (!done) ++lost;
  }
  Task<bool> complete(ServerStream& stream) {
    co_await acts(stream);
    co_return true;
  }
  void has_output(ServerConnection&) override { has_something = true; }
  void is_busy(bool now_busy) override { busy = now_busy; }

  Task<void> until(std::function<bool()> condition) {
    while (!condition() && !client->has_ended && !reactor_().is_overdue()) co_await pause(Milliseconds(1));
    EXPECT_TRUE(condition());
  }
  Task<void> pause(Milliseconds time) {
    async::Reactor::Sleep wait = reactor.sleep(time);
    co_await wait;
  }

  static Task<void> answer(ServerStream& stream, std::string body) {
    Arena arena;
    http::ResponseHead head(arena);
    head.status = 200;
    stream.begin_response(head, BodyLength::sized(body.size()));
    wrote = (co_await stream.write({body, true}, Flush::kNow)).has_value();
  }
  static Task<void> echo(ServerStream& stream) {
    std::string body;
    for (bool last = false; !last;) {
      auto piece = co_await stream.read_body();
      if (!piece) {
        read_error = piece.error().code;
        stream.break_off();
        co_return;
      }
      body += piece->bytes;
      last = piece->is_last;
    }
    whole_bodies.push_back(body);
    co_await answer(stream, body);
  }
  static inline bool wrote = false;
  static inline std::optional<ErrorCode> read_error;
  static inline std::vector<std::string> whole_bodies;
  void SetUp() override {
    wrote = false;
    read_error.reset();
    whole_bodies.clear();
  }

  async::Loop loop{simulated()};
  async::Reactor& reactor = loop.reactor;
  wire::ServerLimits times;
  ServerLimits limits;
  Act acts;
  Flood flood;
  std::optional<ServerConnection> connection;
  std::optional<Downstream> client;
  bool connection_ended = false;
  bool has_something = false;
  bool busy = false;
  int begun = 0, ended = 0, lost = 0;
};

TEST_P(H2ServerTest, RequestsAreServedSideBySide) {
  run(H2ServerTest::echo, [this](Downstream& c) -> Task<void> {
    auto talk = [](H2ServerTest& t, Downstream& d) -> Task<void> {
      StreamId first = d.begin("POST", "/", {}, false);
      StreamId second = d.begin("POST", "/", {}, false);
      d.body(second, "two", true);
      co_await t.until([&] { return d.responses[second].is_whole; });
      d.body(first, "one", true);
      co_await t.until([&] { return d.responses[first].is_whole; });
      EXPECT_EQ(d.responses[first].body, "one");
      EXPECT_EQ(d.responses[second].body, "two");
      EXPECT_EQ(d.responses[first].heads, 1u);
    };
    return talk(*this, c);
  });
}

// RFC 9113 8.1.1: should more come, this was no request, and nobody may have got it whole.
TEST_P(H2ServerTest, TheLastPieceOfABodyWaitsForTheEndOfItsStream) {
  run(H2ServerTest::echo, [this](Downstream& c) -> Task<void> {
    auto talk = [](H2ServerTest& t, Downstream& d) -> Task<void> {
      StreamId good = d.begin("POST", "/", {{"content-length", "5"}}, false);
      d.body(good, "hello", false);
      co_await t.pause(Milliseconds(500));
      EXPECT_THAT(t.whole_bodies, IsEmpty());
      d.send_raw(Downstream::frame(NGHTTP2_DATA, NGHTTP2_FLAG_END_STREAM, good, ""));
      co_await t.until([&] { return d.responses[good].is_whole; });
      EXPECT_THAT(t.whole_bodies, SizeIs(1));
    };
    return talk(*this, c);
  });
}

TEST_P(H2ServerTest, ABodyThatGoesOnBeyondItsLengthIsNoRequest) {
  run(H2ServerTest::echo, [this](Downstream& c) -> Task<void> {
    auto talk = [](H2ServerTest& t, Downstream& d) -> Task<void> {
      StreamId bad = d.begin("POST", "/", {{"content-length", "5"}}, false);
      d.send_raw(Downstream::frame(NGHTTP2_DATA, 0, bad, "hello"));
      d.send_raw(Downstream::frame(NGHTTP2_DATA, NGHTTP2_FLAG_END_STREAM, bad, "!"));
      co_await t.until([&] { return d.responses[bad].closed; });
      EXPECT_EQ(d.responses[bad].reset_with, "PROTOCOL_ERROR");
      EXPECT_EQ(d.responses[bad].heads, 0u);
      EXPECT_THAT(t.whole_bodies, IsEmpty());
    };
    return talk(*this, c);
  });
}

// RFC 9113 6.8.
TEST_P(H2ServerTest, TheEndIsAnnouncedInTwoStepsAndWhatHasBegunIsFinished) {
  run(H2ServerTest::echo, [this](Downstream& c) -> Task<void> {
    auto talk = [](H2ServerTest& t, Downstream& d) -> Task<void> {
      StreamId first = d.begin("POST", "/", {}, false);
      co_await t.until([&] { return t.begun == 1; });
      t.connection->announce_end();
      co_await t.until([&] { return !d.goaways.empty(); });
      EXPECT_THAT(d.goaways, Each(Pair(kAllStreams, NGHTTP2_NO_ERROR)));
      t.connection->refuse_more();
      t.connection->refuse_more();
      co_await t.until([&] { return d.goaways.size() == 2; });
      EXPECT_EQ(d.goaways[1], std::pair(first, std::uint32_t{NGHTTP2_NO_ERROR}));
      EXPECT_FALSE(d.has_ended);
      d.body(first, "one", true);
      co_await t.until([&] { return d.responses[first].is_whole; });
      EXPECT_EQ(d.responses[first].body, "one");
      co_await t.until([&] { return d.has_ended; });
      EXPECT_EQ(d.how, async::IoStatus::kEnd);
      EXPECT_TRUE(t.connection->failure().empty());
    };
    return talk(*this, c);
  });
  EXPECT_EQ(begun, 1);
}

TEST_P(H2ServerTest, WhatComesBehindTheLastStreamIsNotServed) {
  run(H2ServerTest::echo, [this](Downstream& c) -> Task<void> {
    auto talk = [](H2ServerTest& t, Downstream& d) -> Task<void> {
      StreamId first = d.begin("POST", "/", {}, false);
      co_await t.until([&] { return t.begun == 1; });
      StreamId second = d.begin("GET", "/");  // on its way while the last GOAWAY is
      t.connection->announce_end();
      t.connection->refuse_more();
      co_await t.pause(Milliseconds(1'000));
      d.body(first, "one", true);
      co_await t.until([&] { return d.responses[first].is_whole; });
      co_await t.until([&] { return d.has_ended; });
      const bool was_in_time = d.goaways.back().first >= second;
      EXPECT_EQ(t.begun, was_in_time ? 2 : 1);
      EXPECT_EQ(d.responses[second].status, was_in_time ? 200 : 0);
    };
    return talk(*this, c);
  });
}

TEST_P(H2ServerTest, AClosedWindowHoldsBackItsStreamAlone) {
  auto act = [](ServerStream& stream) {
    return answer(stream, stream.head().head().target == "/large" ? std::string(70'000, 'x') : "small");
  };
  auto talk = [](H2ServerTest& t, Downstream& d) -> Task<void> {
    d.takes_bodies = false;
    StreamId large = d.begin("GET", "/large");
    co_await t.until([&] { return d.responses[large].body.size() == 10; });
    StreamId little = d.begin("GET", "/little");
    co_await t.until([&] { return d.responses[little].is_whole; });
    EXPECT_EQ(d.responses[little].body, "small");
    EXPECT_EQ(d.responses[large].body.size(), 10u);
    d.open_window(0, 100'000);
    d.open_window(large, 100'000);
    co_await t.until([&] { return d.responses[large].is_whole; });
    EXPECT_EQ(d.responses[large].body, std::string(70'000, 'x'));
  };
  run(act, [&](Downstream& c) { return talk(*this, c); }, {{NGHTTP2_SETTINGS_INITIAL_WINDOW_SIZE, 10}});
}

TEST_P(H2ServerTest, AClientThatOpensNoWindowIsGivenUp) {
  auto act = [](ServerStream& stream) { return answer(stream, std::string(70'000, 'x')); };
  auto talk = [](H2ServerTest& t, Downstream& d) -> Task<void> {
    StreamId starved = d.begin("GET", "/large");
    co_await t.until([&] { return d.responses[starved].closed; });
    EXPECT_EQ(d.responses[starved].reset_with, "INTERNAL_ERROR");
    EXPECT_FALSE(d.responses[starved].is_whole);
    EXPECT_FALSE(t.wrote);
    StreamId other = d.begin("HEAD", "/");
    co_await t.until([&] { return d.responses[other].heads == 1; });
    d.reset(other);
  };
  run(act, [&](Downstream& c) { return talk(*this, c); }, {{NGHTTP2_SETTINGS_INITIAL_WINDOW_SIZE, 0}});
}

TEST_P(H2ServerTest, ABodyThatNobodyReadsStopsAtItsWindow) {
  limits.stream_window = 1'000;
  auto act = [this](ServerStream& stream) -> Task<void> {
    auto wait = [](H2ServerTest& t, ServerStream& s) -> Task<void> {
      co_await t.pause(Milliseconds(2'000));
      co_await echo(s);
    };
    return wait(*this, stream);
  };
  auto talk = [](H2ServerTest& t, Downstream& d) -> Task<void> {
    co_await t.pause(Milliseconds(300));  // the settings have come
    StreamId id = d.begin("POST", "/", {}, false);
    d.body(id, std::string(5'000, 'x'), true);
    co_await t.pause(Milliseconds(1'000));
    EXPECT_FALSE(d.is_sent(id));
    co_await t.until([&] { return d.responses[id].is_whole; });
    EXPECT_EQ(d.responses[id].body.size(), 5'000u);
  };
  run(act, [&](Downstream& c) { return talk(*this, c); });
}

TEST_P(H2ServerTest, AResetEndsAResponseThatWaits) {
  auto act = [](ServerStream& stream) { return answer(stream, std::string(70'000, 'x')); };
  auto talk = [](H2ServerTest& t, Downstream& d) -> Task<void> {
    d.takes_bodies = false;
    StreamId id = d.begin("GET", "/large");
    co_await t.until([&] { return !d.responses[id].body.empty(); });
    d.reset(id);
    co_await t.until([&] { return t.ended == 1; });
    EXPECT_EQ(t.lost, 1);
    EXPECT_FALSE(t.wrote);
  };
  run(act, [&](Downstream& c) { return talk(*this, c); }, {{NGHTTP2_SETTINGS_INITIAL_WINDOW_SIZE, 1'000}});
}

TEST_P(H2ServerTest, AResetEndsAnExchangeWhoseBodyIsAwaited) {
  auto talk = [](H2ServerTest& t, Downstream& d) -> Task<void> {
    StreamId id = d.begin("POST", "/", {}, false);
    d.body(id, "a part", false);
    co_await t.until([&] { return t.begun == 1; });
    d.reset(id);
    co_await t.until([&] { return t.ended == 1; });
    EXPECT_EQ(t.lost, 1);
    EXPECT_THAT(t.whole_bodies, IsEmpty());
  };
  run(H2ServerTest::echo, [&](Downstream& c) { return talk(*this, c); });
}

TEST_P(H2ServerTest, ALostConnectionEndsAllItsExchanges) {
  auto talk = [](H2ServerTest& t, Downstream& d) -> Task<void> {
    for (int i = 0; i < 3; ++i) d.begin("POST", "/", {}, false);
    co_await t.until([&] { return t.begun == 3; });
    d.leave();
    while (t.ended < 3) co_await t.pause(Milliseconds(1));
    EXPECT_EQ(t.lost, 3);
  };
  run(H2ServerTest::echo, [&](Downstream& c) { return talk(*this, c); });
}

// RFC 9113 4.1, 5.5.
TEST_P(H2ServerTest, FramesOfUnknownTypesAreIgnored) {
  auto talk = [](H2ServerTest& t, Downstream& d) -> Task<void> {
    d.send_raw(Downstream::frame(0x0b, 0xff, 0, "what is this"));
    StreamId id = d.begin("POST", "/", {}, false);
    d.send_raw(Downstream::frame(0xef, 0x1, id, std::string(16'384, 'x')));
    d.body(id, "one", true);
    co_await t.until([&] { return d.responses[id].is_whole; });
    EXPECT_EQ(d.responses[id].body, "one");
  };
  run(H2ServerTest::echo, [&](Downstream& c) { return talk(*this, c); });
}

TEST_P(H2ServerTest, FramesThatBringNothingOnEndTheConnection) {
  const std::string word(4, '\1'), weight = word + "\1";
  const std::vector<Flood> floods{
      {"PING", NGHTTP2_PING, 0, 0, "12345678"},        {"SETTINGS", NGHTTP2_SETTINGS, 0, 0, ""},
      {"PRIORITY", NGHTTP2_PRIORITY, 0, 1, weight},    {"WINDOW_UPDATE", NGHTTP2_WINDOW_UPDATE, 0, 0, {"\0\0\0\1", 4}},
      {"empty DATA", NGHTTP2_DATA, 0, 1, ""},          {"ALTSVC", 0x0a, 0, 0, {"\0\0", 2}},
      {"unknown on no stream", 0x0b, 0, 0, "nothing"}, {"unknown on a stream", 0xff, 0, 1, ""}};
  flood = floods[static_cast<std::size_t>(GetParam()) % floods.size()];
  limits.idle_frames = {20, 1};
  auto talk = [](H2ServerTest& t, Downstream& d) -> Task<void> {
    d.begin("POST", "/", {}, false);
    const Flood& flood = t.flood;
    std::string bytes;
    for (int i = 0; i < 40; ++i) bytes += Downstream::frame(flood.type, flood.flags, flood.stream, flood.payload);
    d.send_raw(bytes);
    co_await t.until([&] { return d.has_ended || !d.goaways.empty(); });
    EXPECT_EQ(t.connection->failure_code(), NGHTTP2_ENHANCE_YOUR_CALM) << flood.name << t.connection->failure();
    if (d.goaways.empty()) co_return;  // the end may overtake the word
    EXPECT_EQ(d.goaways.back().second, NGHTTP2_ENHANCE_YOUR_CALM) << flood.name;
  };
  run(H2ServerTest::echo, [&](Downstream& c) { return talk(*this, c); });
}

TEST_P(H2ServerTest, RequestsThatAreResetAgainAndAgainEndTheConnection) {
  limits.resets = {5, 1};
  auto talk = [](H2ServerTest& t, Downstream& d) -> Task<void> {
    for (int i = 0; i < 20 && !d.has_ended && d.goaways.empty(); ++i) {
      StreamId id = d.begin("POST", "/", {}, false);
      co_await t.pause(Milliseconds(1));
      d.reset(id);
    }
    co_await t.until([&] { return d.has_ended || !d.goaways.empty(); });
    EXPECT_EQ(t.connection->failure_code(), NGHTTP2_ENHANCE_YOUR_CALM) << t.connection->failure();
  };
  run(H2ServerTest::echo, [&](Downstream& c) { return talk(*this, c); });
}

// Extended CONNECTs (RFC 8441), each a tunnel to an upstream in memory.
struct H2TunnelTest : H2ServerTest {
  static Task<void> tunnel(H2TunnelTest& t, ServerStream& stream) {
    async::StreamPtr server = t.upstream.stream();
    Arena arena;
    http::ResponseHead head(arena);
    head.status = 200;
    stream.begin_response(head, BodyLength::chunked());
    const wire::Tunnel::Limits limits{.idle = Milliseconds(3'600'000), .send = Milliseconds(5'000)};
    wire::StreamTunnel tunnel(t.reactor, stream, *server, limits, t.bytes_to_client);
    auto end = co_await tunnel.run();
    if (!end) stream.break_off();
  }
  // `talk` begins when the tunnel is open.
  void run_tunnel(Task<void> (*talk)(H2TunnelTest&, Downstream&, StreamId)) {
    auto open = [](H2TunnelTest& t, Downstream& d,
                   Task<void> (*then)(H2TunnelTest&, Downstream&, StreamId)) -> Task<void> {
      StreamId id = d.begin("CONNECT", "/", {{":protocol", "websocket"}}, false);
      co_await t.until([&] { return d.responses[id].status == 200; });
      co_await then(t, d, id);
      co_await t.until([&] { return t.upstream.stream_is_gone(); });
    };
    run([this](ServerStream& stream) { return tunnel(*this, stream); },
        [this, talk, open](Downstream& d) { return open(*this, d, talk); });
  }
  async::MemoryPeer upstream;
  std::uint64_t bytes_to_client = 0;
};

TEST_P(H2TunnelTest, BytesGoBothWaysUntilTheUpstreamEnds) {
  run_tunnel([](H2TunnelTest& t, Downstream& d, StreamId id) -> Task<void> {
    d.body(id, "ping", false);
    co_await t.until([&] { return t.upstream.received() == "ping"; });
    t.upstream.send("pong");
    co_await t.until([&] { return d.responses[id].body == "pong"; });
    t.upstream.send(std::string(300'000, 'x'));
    t.upstream.end();
    co_await t.until([&] { return d.responses[id].is_whole; });
    EXPECT_EQ(d.responses[id].body.size(), 300'004u);
    EXPECT_EQ(t.bytes_to_client, 300'004u);
    EXPECT_FALSE(t.upstream.sees_break());
  });
}

TEST_P(H2TunnelTest, AClientThatHasEndedItsSideStillHears) {
  run_tunnel([](H2TunnelTest& t, Downstream& d, StreamId id) -> Task<void> {
    d.body(id, "last words", true);
    co_await t.until([&] { return t.upstream.sees_end(); });
    EXPECT_EQ(t.upstream.received(), "last words");
    t.upstream.send("bye");
    t.upstream.end();
    co_await t.until([&] { return d.responses[id].is_whole; });
    EXPECT_EQ(d.responses[id].body, "bye");
  });
}

TEST_P(H2TunnelTest, AResetOfTheClientBreaksTheUpstream) {
  run_tunnel([](H2TunnelTest& t, Downstream& d, StreamId id) -> Task<void> {
    d.reset(id);
    co_await t.until([&] { return t.upstream.stream_is_gone(); });
    EXPECT_TRUE(t.upstream.sees_break());
  });
  EXPECT_EQ(lost, 1);
}

TEST_P(H2TunnelTest, ABrokenUpstreamResetsTheStream) {
  run_tunnel([](H2TunnelTest& t, Downstream& d, StreamId id) -> Task<void> {
    t.upstream.reset();
    co_await t.until([&] { return d.responses[id].reset_with == "CANCEL"; });
  });
}

// RFC 9113 8.5
TEST_P(H2TunnelTest, FieldsBehindTheHeadOfItsRequestBreakIt) {
  run_tunnel([](H2TunnelTest& t, Downstream& d, StreamId id) -> Task<void> {
    d.send_raw(Downstream::frame(NGHTTP2_HEADERS, NGHTTP2_FLAG_END_STREAM | NGHTTP2_FLAG_END_HEADERS, id, ""));
    co_await t.until([&] { return d.responses[id].reset_with == "PROTOCOL_ERROR"; });
    co_await t.until([&] { return t.upstream.stream_is_gone(); });
    EXPECT_TRUE(t.upstream.sees_break());
  });
}

INSTANTIATE_TEST_SUITE_P(Seeds, H2TunnelTest, testing::Range(0, 8));
INSTANTIATE_TEST_SUITE_P(Seeds, H2ServerTest, testing::Range(0, 16));

}  // namespace
}  // namespace sallyport::h2
