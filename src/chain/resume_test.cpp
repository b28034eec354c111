// Filters that hold pieces in the middle of a body and are resumed before the next one comes.

#include "chain/probe_fixture.h"

#include <gtest/gtest.h>

#include <map>

namespace sallyport::chain {
namespace {

constexpr Phase kBody = Phase::kResponseBody;

Verdict hold(BodyStage& stage) {
  stage.hold();
  return Verdict::proceed();
}

struct ResumeTest : testing::Test {
  // Filters by their names, in the order of the chain; each does what `acts` says now, else holds all but the last.
  ResumeTest() {
    for (std::string name : {"a", "b", "c"}) {
      auto act = [this, name](Phase, BodyStage* stage) -> Task<Verdict> {
        stages[name] = stage;
        if (acts[name]) return acts[name](*stage);
        if (!stage->is_last()) stage->hold();
        return Verdict::proceed();
      };
      links.push_back(probe_link(name, {Phase::kRequestBody, kBody}, Probe{&calls, act}));
    }
    chain = Chain(links);
    run.emplace(chain, f.exchange, BodyLimits{.request = 8, .response = 8});
  }

  std::string result(Verdict verdict, const http::Chunk& passed) {
    if (!verdict.proceeds()) return "(ended)";
    return std::string(passed.bytes) + (passed.is_last ? "!" : "");
  }
  std::string send(std::string_view bytes, bool is_last = false, Phase phase = kBody) {
    http::Chunk passed;
    Verdict verdict = finish(run->run_body(phase, {bytes, is_last}, passed));
    return result(std::move(verdict), passed);
  }
  std::string resumed() {
    http::Chunk passed;
    Verdict verdict = finish(run->run_resumed(kBody, passed));
    return result(std::move(verdict), passed);
  }
  bool is_resumed() { return run->resumed(kBody).is_set(); }
  void do_at(std::string name, std::function<Verdict(BodyStage&)> act) { acts[std::move(name)] = std::move(act); }
  void let_pass(std::string name) {
    do_at(std::move(name), [](BodyStage&) { return Verdict::proceed(); });
  }

  std::vector<std::string> calls;
  exchange::ExchangeFixture f;
  std::vector<Link> links;
  Chain chain;
  std::map<std::string, std::function<Verdict(BodyStage&)>> acts;
  std::map<std::string, BodyStage*> stages;
  std::optional<ChainRun> run;
};

TEST_F(ResumeTest, WhatIsHeldGoesOnThroughTheFiltersBehind) {
  let_pass("a");
  do_at("c", [](BodyStage& stage) {
    stage.replace("<" + std::string(stage.arrived()) + ">");
    return Verdict::proceed();
  });
  EXPECT_FALSE(run->holds(kBody));
  EXPECT_EQ(send("one"), "");
  EXPECT_TRUE(run->holds(kBody));
  EXPECT_FALSE(run->holds(Phase::kRequestBody));
  EXPECT_FALSE(is_resumed());
  let_pass("b");
  stages["b"]->resume();
  EXPECT_TRUE(is_resumed());
  calls.clear();
  EXPECT_EQ(resumed(), "<one>");
  EXPECT_EQ(calls, (std::vector<std::string>{"b.response_body", "c.response_body"}));
  EXPECT_EQ(resumed(), "") << "nobody is left";
  EXPECT_FALSE(is_resumed());
  EXPECT_FALSE(run->holds(kBody));
  EXPECT_EQ(send("two", true), "<two>!");
}

TEST_F(ResumeTest, AFilterBehindMayHoldWhatGoesOn) {
  let_pass("b");
  EXPECT_EQ(send("one"), "");
  let_pass("a");
  stages["a"]->resume();
  EXPECT_EQ(resumed(), "");
  EXPECT_EQ(stages["c"]->held(), "one");
  EXPECT_TRUE(run->holds(kBody));
  let_pass("c");
  stages["c"]->resume();
  EXPECT_EQ(resumed(), "one");
}

TEST_F(ResumeTest, OfSeveralTheOneBehindGoesFirst) {
  let_pass("a");
  let_pass("b");
  EXPECT_EQ(send("1"), "");  // in c
  do_at("b", hold);
  EXPECT_EQ(send("2"), "");  // in b
  do_at("a", hold);
  EXPECT_EQ(send("3"), "");  // in a
  for (std::string name : {"a", "b", "c"}) let_pass(name);
  for (std::string name : {"a", "c", "b"}) stages[name]->resume();
  EXPECT_EQ(resumed(), "1");
  EXPECT_EQ(resumed(), "2");
  EXPECT_TRUE(is_resumed());
  EXPECT_EQ(resumed(), "3");
  EXPECT_EQ(resumed(), "");
  EXPECT_FALSE(is_resumed());
}

TEST_F(ResumeTest, ItMayHoldAgainAndBeResumedAgain) {
  for (std::string name : {"b", "c"}) let_pass(name);
  EXPECT_EQ(send("one"), "");
  stages["a"]->resume();
  EXPECT_EQ(resumed(), "") << "it holds what it has, and nothing new";
  EXPECT_EQ(resumed(), "");
  EXPECT_FALSE(is_resumed());
  EXPECT_EQ(stages["a"]->held(), "one");
  EXPECT_EQ(send("two"), "");
  let_pass("a");
  stages["a"]->resume();
  EXPECT_EQ(resumed(), "onetwo");
}

TEST_F(ResumeTest, ReleasingPartsWhatIsHeldFromWhatArrives) {
  for (std::string name : {"b", "c"}) let_pass(name);
  EXPECT_EQ(send("one"), "");
  stages["a"]->resume();
  do_at("a", [](BodyStage& stage) {
    stage.release();
    EXPECT_EQ(stage.held(), "");
    stage.hold();
    return Verdict::proceed();
  });
  EXPECT_EQ(send("two"), "one") << "the piece came before the resumption was looked at";
  EXPECT_EQ(stages["a"]->held(), "two");
  EXPECT_EQ(resumed(), "") << "which is done with";
  do_at("a", [](BodyStage& stage) {
    stage.release();
    stage.replace("<" + std::string(stage.arrived()) + ">");
    return Verdict::proceed();
  });
  EXPECT_EQ(send("end", true), "two<end>!");
}

TEST_F(ResumeTest, ReleasingAndPassingIsPassing) {
  for (std::string name : {"b", "c"}) let_pass(name);
  EXPECT_EQ(send("one"), "");
  do_at("a", [](BodyStage& stage) {
    stage.release();
    return Verdict::proceed();
  });
  EXPECT_EQ(send("two"), "onetwo");
  EXPECT_EQ(send("three"), "three");
  EXPECT_FALSE(run->holds(kBody));
}

TEST_F(ResumeTest, ItMayEndTheExchange) {
  EXPECT_EQ(send("one"), "");
  do_at("a", [](BodyStage&) { return Verdict::answer(http::Response::error(403, "no")); });
  stages["a"]->resume();
  EXPECT_EQ(resumed(), "(ended)");
  EXPECT_EQ(f.exchange.reason, "plugin:a");
}

TEST_F(ResumeTest, HoldingTooMuchOfWhatGoesOnIsRefused) {
  let_pass("a");
  let_pass("b");
  EXPECT_EQ(send("12345"), "");  // in c
  do_at("b", hold);
  EXPECT_EQ(send("6789"), "");  // in b
  let_pass("b");
  stages["b"]->resume();
  EXPECT_EQ(resumed(), "(ended)");
  EXPECT_EQ(f.exchange.reason, "plugin:c");
}

TEST_F(ResumeTest, IsNothingForAFilterThatHoldsNothing) {
  for (std::string name : {"a", "b", "c"}) let_pass(name);
  EXPECT_EQ(send("one"), "one");
  stages["b"]->resume();
  EXPECT_FALSE(is_resumed());
  EXPECT_EQ(resumed(), "");
}

TEST_F(ResumeTest, DirectionsAreApart) {
  for (std::string name : {"b", "c"}) let_pass(name);
  EXPECT_EQ(send("down"), "");
  BodyStage* response = stages["a"];
  EXPECT_EQ(send("up", false, Phase::kRequestBody), "");
  let_pass("a");
  stages["a"]->resume();
  EXPECT_TRUE(run->resumed(Phase::kRequestBody).is_set());
  EXPECT_FALSE(is_resumed());
  response->resume();
  EXPECT_EQ(resumed(), "down");
  http::Chunk passed;
  EXPECT_TRUE(finish(run->run_resumed(Phase::kRequestBody, passed)).proceeds());
  EXPECT_EQ(passed.bytes, "up");
}

TEST_F(ResumeTest, ABodyWithoutFiltersHoldsNothing) {
  Chain none;
  ChainRun empty(none, f.exchange, {});
  EXPECT_FALSE(empty.holds(kBody));
  http::Chunk passed;
  EXPECT_TRUE(finish(empty.run_resumed(kBody, passed)).proceeds());
  EXPECT_TRUE(passed.bytes.empty() && !passed.is_last);
}

}  // namespace
}  // namespace sallyport::chain
