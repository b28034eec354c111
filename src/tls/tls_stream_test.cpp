#include "tls/tls_stream.h"

#include "async/loop_fixture.h"
#include "async/manual_reactor_fixture.h"
#include "async/stream_fixture.h"
#include "tls/talk_fixture.h"

#include <gmock/gmock.h>

namespace sallyport::tls {
namespace {

using async::IoStatus;
using async::Loop;
using async::Task;

// Both ends of one connection over real sockets, on a loop of each kind.
class EachLoop : public testing::TestWithParam<async::ReactorKind> {
 public:
  EachLoop() : loop(async::open_reactor(GetParam()).value()) {}

  Task<void> connect() {
    auto connected = co_await loop.reactor.connect(listener.address(), Loop::kLong);
    auto client_socket = std::move(*connected);
    auto server_socket = co_await listener.accept();
    server = std::make_unique<TlsStream>(loop.reactor, std::move(server_socket), context->begin(handshake));
    client = std::make_unique<TlsStream>(loop.reactor, std::move(client_socket), begin_client(*made, TestClient{}));
  }
  Task<void> connect_and_shake_hands() {
    co_await connect();
    loop.tasks.spawn(answer_handshake());
    EXPECT_EQ(co_await client->shake_hands(Loop::kLong), IoStatus::kOk) << client->failure();
    co_await loop.until([this] { return shaken; });
  }
  Task<void> answer_handshake() {
    EXPECT_EQ(co_await server->shake_hands(Loop::kLong), IoStatus::kOk) << server->failure();
    shaken = true;
  }
  static Task<std::string> read(TlsStream& from, std::size_t bytes) {
    std::string all;
    while (all.size() < bytes) {
      if (from.unread().empty() && co_await from.fill(Loop::kLong) != IoStatus::kOk) break;
      all += from.unread();
      from.consume(from.unread().size());
    }
    co_return all;
  }
  Task<void> send(TlsStream& to, std::string head, std::string body) {
    EXPECT_EQ(co_await to.send(head, body, Loop::kLong), IoStatus::kOk);
  }

  static ServerRulePtr rule() {
    TestCertificate own({});
    ServerRuleSource source;
    source.names = {"a.example"};
    source.pairs.push_back({own.pem(), own.key_pem()});
    return ServerRule::compile(source).value();
  }

  Loop loop;
  async::LoopbackServer listener{loop.reactor};
  std::unique_ptr<ServerContext> context = ServerContext::open({}).value();
  SslContextPtr made = SslContextPtr(SSL_CTX_new(TLS_client_method()));
  ServerHandshake handshake{std::make_shared<ServerNames>(std::vector{rule()}), nullptr, {}};
  std::unique_ptr<TlsStream> server, client;
  bool shaken = false;
};
INSTANTIATE_TEST_SUITE_P(TlsStream, EachLoop, testing::ValuesIn(async::reactor_kinds()), async::kind_name);

TEST_P(EachLoop, BytesPassBothWays) {
  auto work = [](EachLoop& t) -> Task<void> {
    co_await t.connect_and_shake_hands();
    EXPECT_EQ(t.handshake.server_name, "a.example");
    co_await t.send(*t.client, "ping", "");
    EXPECT_EQ(co_await read(*t.server, 4), "ping");
    co_await t.send(*t.server, "head", " and body");
    EXPECT_EQ(co_await read(*t.client, 13), "head and body");
    EXPECT_EQ(t.server->sent_bytes(), 13u);
  };
  loop.run(work(*this));
}

TEST_P(EachLoop, MuchMorePassesThanABufferHolds) {
  auto work = [](EachLoop& t) -> Task<void> {
    co_await t.connect_and_shake_hands();
    std::string head(100, 'h'), body(1'000'000, 'b');
    for (std::size_t i = 0; i < body.size(); ++i) body[i] = static_cast<char>('a' + i % 23);
    t.loop.tasks.spawn(t.send(*t.server, head, body));
    EXPECT_EQ(co_await read(*t.client, head.size() + body.size()), head + body);
  };
  loop.run(work(*this));
}

TEST_P(EachLoop, AFillWaitsNoLongerThanItsTime) {
  auto work = [](EachLoop& t) -> Task<void> {
    co_await t.connect_and_shake_hands();
    EXPECT_EQ(co_await t.server->fill(Milliseconds(1)), IoStatus::kTimeout);
    co_await t.send(*t.client, "late", "");
    EXPECT_EQ(co_await read(*t.server, 4), "late");
  };
  loop.run(work(*this));
}

TEST_P(EachLoop, AHandshakeWaitsNoLongerThanItsTime) {
  auto work = [](EachLoop& t) -> Task<void> {
    co_await t.connect();
    EXPECT_EQ(co_await t.server->shake_hands(Milliseconds(1)), IoStatus::kTimeout);
    EXPECT_EQ(t.server->failure(), "the handshake took too long");
  };
  loop.run(work(*this));
}

TEST_P(EachLoop, AfterAClosingAlertTheOtherSideStillSends) {
  auto work = [](EachLoop& t) -> Task<void> {
    co_await t.connect_and_shake_hands();
    t.client->shut_down_sending();
    EXPECT_EQ(co_await t.server->fill(Loop::kLong), IoStatus::kEnd);
    co_await t.send(*t.server, "still here", "");
    EXPECT_EQ(co_await read(*t.client, 10), "still here");
    t.server->shut_down_sending();
    EXPECT_EQ(co_await t.client->fill(Loop::kLong), IoStatus::kEnd);
  };
  loop.run(work(*this));
}

TEST_P(EachLoop, AnEndWithoutAClosingAlertIsABreak) {
  auto work = [](EachLoop& t) -> Task<void> {
    co_await t.connect_and_shake_hands();
    t.server->abort();
    EXPECT_EQ(co_await t.client->fill(Loop::kLong), IoStatus::kReset);
    EXPECT_TRUE(t.client->is_gone());
  };
  loop.run(work(*this));
}

TEST_P(EachLoop, AForgottenSendLeavesWholeRecords) {
  auto work = [](EachLoop& t) -> Task<void> {
    co_await t.connect_and_shake_hands();
    std::string much(64'000'000, 'm');  // the kernel's buffers hold some millions
    {
      auto dropped = t.send(*t.server, much, "");
      async::TaskGroup tasks;
      tasks.spawn(std::move(dropped));
      co_await t.loop.turn();
    }
    t.server->shut_down_sending();
    std::string got = co_await read(*t.client, much.size());
    EXPECT_LT(got.size(), much.size());
    EXPECT_EQ(got, much.substr(0, got.size()));
    EXPECT_EQ(co_await t.client->fill(Loop::kLong), IoStatus::kEnd);
  };
  loop.run(work(*this));
}

TEST_P(EachLoop, WhoeverWaitsMayDropTheStream) {
  auto reader = [](EachLoop& t) -> Task<void> {
    co_await t.server->fill(Loop::kLong);
    t.server.reset();
  };
  auto work = [&](EachLoop& t) -> Task<void> {
    co_await t.connect_and_shake_hands();
    t.loop.tasks.spawn(reader(t));
    co_await t.send(*t.client, "x", "");
    EXPECT_EQ(co_await t.client->fill(Loop::kLong), IoStatus::kReset);
  };
  loop.run(work(*this));
}

TEST_P(EachLoop, NothingUnreadIsQuiet) {
  auto work = [](EachLoop& t) -> Task<void> {
    co_await t.connect_and_shake_hands();
    EXPECT_TRUE(t.server->is_quiet());
    co_await t.send(*t.client, "x", "");
    co_await t.loop.until([&t] { return !t.server->is_quiet(); });
  };
  loop.run(work(*this));
}

// What arrives instead of a handshake, whole or cut, ends in a failure that has words.
class Garbage : public testing::TestWithParam<std::string> {};
INSTANTIATE_TEST_SUITE_P(TlsStream, Garbage,
                         testing::Values("GET / HTTP/1.1\r\n\r\n", std::string(100, '\0'), std::string(70'000, '\xff'),
                                         std::string("\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03", 11),
                                         std::string("\x16\x03\x01\xff\xff", 5) + std::string(70'000, 'a'),
                                         std::string("\x15\x03\x03\x00\x02\x02\x28", 7), std::string("\x16", 1)));

TEST_P(Garbage, IsNoHandshake) {
  async::ManualReactor reactor;
  async::MemoryPeer peer;
  auto context = ServerContext::open({}).value();
  ServerHandshake handshake{std::make_shared<ServerNames>(), nullptr, {}};
  TlsStream server(reactor, peer.stream(), context->begin(handshake));
  bool ended = false;
  auto shake = [](TlsStream& stream, bool& done) -> Task<void> {
    EXPECT_EQ(co_await stream.shake_hands(Milliseconds(1000)), IoStatus::kReset);
    done = true;
  };
  async::TaskGroup tasks;
  tasks.spawn(shake(server, ended));
  for (char byte : GetParam()) {
    if (!ended) peer.send(std::string_view(&byte, 1));
  }
  if (!ended) peer.end();
  EXPECT_TRUE(ended);
  EXPECT_FALSE(server.failure().empty());
}

}  // namespace
}  // namespace sallyport::tls
