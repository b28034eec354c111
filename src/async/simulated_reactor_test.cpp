#include "async/event.h"
#include "async/loop_fixture.h"
#include "async/simulated_reactor_fixture.h"
#include "async/simulated_resolver_fixture.h"

#include <gtest/gtest.h>

#include <memory>
#include <string>
#include <utility>

namespace sallyport::async {
namespace {

constexpr Milliseconds kLong{10'000};

struct SimulatedReactorTest : testing::Test {
  void begin(std::uint64_t seed) {
    auto own = std::make_unique<SimulatedReactor>(seed);
    reactor = own.get();
    loop = std::make_unique<Loop>(std::move(own));
    server = std::make_unique<LoopbackServer>(loop->reactor);
    reactor->decide = [this](const Address&) {
      return SimulatedReactor::Route{fate, Milliseconds(2), SimulatedManners::anyhow(reactor->loop.chance)};
    };
  }
  ~SimulatedReactorTest() override { server.reset(); }

  static Task<std::string> everything(Stream& stream, IoStatus& status) {
    std::string all;
    while ((status = co_await stream.fill(kLong)) == IoStatus::kOk) {
      all += stream.unread();
      stream.consume(stream.unread().size());
    }
    co_return all;
  }

  SimulatedReactor::Fate fate = SimulatedReactor::Fate::kAccepted;
  SimulatedReactor* reactor = nullptr;
  std::unique_ptr<Loop> loop;
  std::unique_ptr<LoopbackServer> server;
};

std::string text(std::size_t size) {
  std::string bytes(size, ' ');
  for (std::size_t i = 0; i < size; ++i) bytes[i] = static_cast<char>('a' + i % 26);
  return bytes;
}

TEST_F(SimulatedReactorTest, BytesArriveInOrderHoweverTheyAreCut) {
  for (std::uint64_t seed = 0; seed < 50; ++seed) {
    begin(seed);
    auto work = [](SimulatedReactorTest& t) -> Task<void> {
      auto client = co_await t.loop->reactor.connect(t.server->address(), kLong);
      StreamPtr stream = co_await t.server->accept();
      const std::string sent = text(20'000);
      auto send = [](Stream& to, const std::string& bytes) -> Task<void> {
        EXPECT_EQ(co_await to.send(bytes, kLong), IoStatus::kOk);
        to.shut_down_sending();
      };
      t.loop->tasks.spawn(send(**client, sent));
      IoStatus status = IoStatus::kOk;
      const std::string got = co_await everything(*stream, status);
      EXPECT_EQ(got, sent);
      EXPECT_EQ(status, IoStatus::kEnd);
    };
    loop->run(work(*this));
    EXPECT_EQ(reactor->loop.streams, 0u);
    EXPECT_EQ(reactor->loop.timers, 0u);
    server.reset();
  }
}

TEST_F(SimulatedReactorTest, TimeJumpsToTheNextDeadline) {
  begin(1);
  auto work = [](SimulatedReactorTest& t) -> Task<void> {
    const SteadyTime before = t.loop->reactor.now();
    auto client = co_await t.loop->reactor.connect(t.server->address(), kLong);
    StreamPtr stream = co_await t.server->accept();
    EXPECT_EQ(co_await stream->fill(std::chrono::hours(3)), IoStatus::kTimeout);
    EXPECT_GE(t.loop->reactor.now() - before, std::chrono::hours(3));
    EXPECT_LT(t.loop->reactor.now() - before, std::chrono::hours(3) + kLong);
  };
  loop->run(work(*this));
}

TEST_F(SimulatedReactorTest, APeerThatDoesNotReadHoldsTheSenderBack) {
  begin(2);
  auto work = [](SimulatedReactorTest& t) -> Task<void> {
    auto client = co_await t.loop->reactor.connect(t.server->address(), kLong);
    StreamPtr stream = co_await t.server->accept();
    EXPECT_EQ(co_await (*client)->send(text(1 << 20), kLong), IoStatus::kTimeout);
    EXPECT_LT((*client)->sent_bytes(), std::uint64_t{1} << 20);
  };
  loop->run(work(*this));
}

TEST_F(SimulatedReactorTest, AConnectionThatBreaksIsNotTakenForOneThatEnds) {
  for (std::uint64_t seed = 0; seed < 20; ++seed) {
    begin(seed);
    auto work = [](SimulatedReactorTest& t) -> Task<void> {
      auto client = co_await t.loop->reactor.connect(t.server->address(), kLong);
      StreamPtr stream = co_await t.server->accept();
      EXPECT_EQ(co_await (*client)->send("hello", kLong), IoStatus::kOk);
      (*client)->break_at_end();
      client->reset();
      IoStatus status = IoStatus::kOk;
      co_await everything(*stream, status);
      EXPECT_EQ(status, IoStatus::kReset);
    };
    loop->run(work(*this));
    server.reset();
  }
}

TEST_F(SimulatedReactorTest, BytesForAnEndThatIsClosedAreAnsweredWithABreak) {
  begin(3);
  auto work = [](SimulatedReactorTest& t) -> Task<void> {
    auto client = co_await t.loop->reactor.connect(t.server->address(), kLong);
    StreamPtr stream = co_await t.server->accept();
    client->reset();
    EXPECT_EQ(co_await stream->fill(kLong), IoStatus::kEnd);
    EXPECT_EQ(co_await stream->send("x", kLong), IoStatus::kOk);  // taken by the kernel
    Reactor::Sleep wait = t.loop->reactor.sleep(Milliseconds(200));
    co_await wait;
    EXPECT_EQ(co_await stream->send("y", kLong), IoStatus::kReset);
  };
  loop->run(work(*this));
}

TEST_F(SimulatedReactorTest, ConnectsAreRefusedOrNeverAnswered) {
  begin(4);
  auto work = [](SimulatedReactorTest& t) -> Task<void> {
    t.fate = SimulatedReactor::Fate::kRefused;
    auto refused = co_await t.loop->reactor.connect(t.server->address(), kLong);
    EXPECT_EQ(refused.error().code, ErrorCode::kRefused);
    t.fate = SimulatedReactor::Fate::kSilent;
    auto late = co_await t.loop->reactor.connect(t.server->address(), kLong);
    EXPECT_EQ(late.error().code, ErrorCode::kTimeout);
  };
  loop->run(work(*this));
}

TEST_F(SimulatedReactorTest, TheSameSeedGivesTheSameRun) {
  auto digest = [this](std::uint64_t seed) {
    begin(seed);
    auto work = [](SimulatedReactorTest& t) -> Task<void> {
      auto client = co_await t.loop->reactor.connect(t.server->address(), kLong);
      StreamPtr stream = co_await t.server->accept();
      EXPECT_EQ(co_await (*client)->send(text(5'000), kLong), IoStatus::kOk);
      client->reset();
      IoStatus status = IoStatus::kOk;
      co_await everything(*stream, status);
    };
    loop->run(work(*this));
    server.reset();
    return reactor->loop.trace.digest();
  };
  EXPECT_EQ(digest(7), digest(7));
  EXPECT_NE(digest(7), digest(8));
}

TEST_F(SimulatedReactorTest, NamesAnswerWithSomeOfTheirAddresses) {
  begin(5);
  auto work = [](SimulatedReactorTest& t) -> Task<void> {
    SimulatedResolver names(*t.reactor);
    names.names["a.test"] = {*Address::from_ip("10.0.0.1", 0), *Address::from_ip("10.0.0.2", 0)};
    std::size_t most = 0, least = 9;
    for (int i = 0; i < 30; ++i) {
      auto some = co_await names.lookup("a.test", kLong);
      most = std::max(most, some->size());
      least = std::min(least, some->size());
    }
    EXPECT_EQ(most, 2u);
    EXPECT_EQ(least, 1u);
    names.percent_failing = 100;
    EXPECT_FALSE(co_await names.lookup("a.test", kLong));
  };
  loop->run(work(*this));
}

}  // namespace
}  // namespace sallyport::async
