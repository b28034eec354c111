#include "chain/probe_fixture.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace sallyport::chain {
namespace {

struct ChainBodyTest : testing::Test {
  std::vector<std::string> calls;
  exchange::ExchangeFixture f;
  std::vector<Link> links;
  std::string passed_all;

  void add(std::string name, std::function<Task<Verdict>(BodyStage&)> act) {
    auto in_any_phase = [act](Phase, BodyStage* stage) { return act(*stage); };
    links.push_back(
        probe_link(std::move(name), {Phase::kRequestBody, Phase::kResponseBody}, Probe{&calls, in_any_phase}));
  }

  // Sends the pieces, the last one as the end, until a verdict does not proceed.
  Verdict send(const std::vector<std::string>& pieces, Phase phase = Phase::kResponseBody, BodyLimits limits = {}) {
    chain = Chain(links);
    ChainRun run(chain, f.exchange, limits);
    for (std::size_t i = 0; i < pieces.size(); ++i) {
      http::Chunk passed;
      http::Chunk arrived{pieces[i], i + 1 == pieces.size()};
      Verdict verdict = finish(run.run_body(phase, arrived, passed));
      if (!verdict.proceeds()) return verdict;
      passed_all += "[" + std::string(passed.bytes) + (passed.is_last ? "!]" : "]");
    }
    return Verdict::proceed();
  }

  Chain chain;
};

Task<Verdict> pass(BodyStage&) { return Verdict::proceed(); }

Task<Verdict> hold_all(BodyStage& stage) {
  if (!stage.is_last()) stage.hold();
  return Verdict::proceed();
}

Task<Verdict> wrap(BodyStage& stage) {
  stage.replace("<" + std::string(stage.arrived()) + ">");
  return Verdict::proceed();
}

TEST_F(ChainBodyTest, PiecesPassUntouchedByDefault) {
  add("a", pass);
  add("b", pass);
  EXPECT_TRUE(send({"one", "two", ""}).proceeds());
  EXPECT_EQ(passed_all, "[one][two][!]");
}

TEST_F(ChainBodyTest, WhatIsHeldGoesOnAsOneLastPiece) {
  add("a", hold_all);
  add("b", wrap);
  EXPECT_TRUE(send({"one", "two", "end"}).proceeds());
  EXPECT_EQ(passed_all, "[][][<onetwoend>!]");
}

TEST_F(ChainBodyTest, EmptyPiecesStopButTheLastRunsEveryStage) {
  add("a", hold_all);
  add("b", wrap);
  EXPECT_TRUE(send({"x", ""}).proceeds());
  EXPECT_THAT(calls, testing::ElementsAre("a.response_body", "a.response_body", "b.response_body"));
}

TEST_F(ChainBodyTest, HoldingMoreThanTheLimitIsRefused) {
  add("a", hold_all);
  Verdict request = send({"12345", "6", ""}, Phase::kRequestBody, {.request = 5, .response = 5});
  ASSERT_TRUE(request.response());
  EXPECT_EQ(request.response()->status, 413);
  EXPECT_EQ(f.exchange.reason, "plugin:a");
  Verdict response = send({"12345", "6", ""}, Phase::kResponseBody, {.request = 5, .response = 5});
  ASSERT_TRUE(response.response());
  EXPECT_EQ(response.response()->status, 500);
}

TEST_F(ChainBodyTest, AFilterMayWaitWithAPieceInItsHands) {
  async::Event event;
  struct Later {
    static Task<Verdict> wrap_after(async::Event& event, BodyStage& stage) {
      co_await event;
      stage.replace("(" + std::string(stage.arrived()) + ")");
      co_return Verdict::proceed();
    }
  };
  add("a", [&](BodyStage& stage) { return Later::wrap_after(event, stage); });
  add("b", wrap);
  chain = Chain(links);
  ChainRun run(chain, f.exchange, {});
  http::Chunk passed;
  http::Chunk arrived{"x", true};
  Running<Verdict> running(run.run_body(Phase::kRequestBody, arrived, passed));
  EXPECT_FALSE(running.is_done());
  event.set();
  ASSERT_TRUE(running.is_done());
  EXPECT_EQ(passed.bytes, "<(x)>");
  EXPECT_TRUE(passed.is_last);
}

TEST_F(ChainBodyTest, AChainWithoutStagesNeedsNoCoroutine) {
  ChainRun run(chain, f.exchange, {});
  http::Chunk passed;
  Task<Verdict> task = run.run_body(Phase::kResponseBody, http::Chunk{"x", false}, passed);
  ASSERT_TRUE(task.is_ready());
  EXPECT_TRUE(task.take_value().proceeds());
  EXPECT_EQ(passed.bytes, "x");
}

}  // namespace
}  // namespace sallyport::chain
