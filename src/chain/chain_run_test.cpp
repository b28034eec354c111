#include "base/log_fixture.h"
#include "chain/probe_fixture.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <stdexcept>

namespace sallyport::chain {
namespace {

using testing::ElementsAre;
using testing::IsEmpty;

constexpr PhaseSet kAll{Phase::kRewrite, Phase::kAccess, Phase::kResponseHeaders, Phase::kResponseBody, Phase::kLog};

struct ChainRunTest : testing::Test {
  std::vector<std::string> calls;
  exchange::ExchangeFixture f{"/?x=1"};
  std::vector<Link> links;

  Link& add(std::string name, PhaseSet phases, std::function<Task<Verdict>(Phase, BodyStage*)> act = {}) {
    return links.emplace_back(probe_link(std::move(name), phases, Probe{&calls, std::move(act)}));
  }
};

Task<Verdict> answer(int status) { return Verdict::answer(http::Response::error(status, "no")); }

Task<Verdict> wait_for(async::Event& event) {
  co_await event;
  co_return Verdict::proceed();
}

TEST_F(ChainRunTest, FiltersOfAPhaseRunInOrderAndWithoutWaiting) {
  add("a", kAll);
  add("b", {Phase::kAccess});
  Chain chain(links);
  ChainRun run(chain, f.exchange, {});
  Task<Verdict> task = run.run(Phase::kAccess);
  ASSERT_TRUE(task.is_ready());
  EXPECT_TRUE(task.take_value().proceeds());
  EXPECT_TRUE(finish(run.run(Phase::kRewrite)).proceeds());
  EXPECT_THAT(calls, ElementsAre("a.access", "b.access", "a.rewrite"));
}

TEST_F(ChainRunTest, AnAnswerEndsThePhaseAndNamesItsPlugin) {
  add("a", kAll, [](Phase, BodyStage*) { return answer(403); });
  add("b", kAll);
  Chain chain(links);
  ChainRun run(chain, f.exchange, {});
  Verdict verdict = finish(run.run(Phase::kRewrite));
  ASSERT_TRUE(verdict.response());
  EXPECT_EQ(verdict.response()->status, 403);
  EXPECT_EQ(f.exchange.reason, "plugin:a");
  EXPECT_THAT(calls, ElementsAre("a.rewrite"));
}

TEST_F(ChainRunTest, TheLogNamesAPluginThatFailedOnce) {
  log::Capture log;
  for (auto [what, line] : {std::pair("plugin a: proxy_on_log trapped", "error plugin a: proxy_on_log trapped"),
                            std::pair("plugin a threw oops", "error plugin a threw oops"),
                            std::pair("plugin ab: trapped", "error plugin:a: plugin ab: trapped"),
                            std::pair("out of luck", "error plugin:a: out of luck")}) {
    links.clear();
    add("a", kAll, [what = std::string(what)](Phase, BodyStage*) -> Task<Verdict> {
      return Verdict::failed(Error{ErrorCode::kPlugin, what});
    });
    Chain chain(links);
    ChainRun run(chain, f.exchange, {});
    EXPECT_TRUE(finish(run.run(Phase::kAccess)).error());
    ASSERT_FALSE(log.lines().empty());
    EXPECT_EQ(log.lines().back(), line);
  }
}

TEST_F(ChainRunTest, TheErrorResponseIsTheBodyForAPluginThatFailed) {
  log::Capture log;
  add("a", kAll, [](Phase, BodyStage*) -> Task<Verdict> {
    return Verdict::failed(Error{ErrorCode::kPlugin, "out of luck"});
  }).error_response = "sorry";
  Chain chain(links);
  ChainRun run(chain, f.exchange, {});
  http::Response answer = http::Response::error(503, "no");
  run.word_failure(answer);
  EXPECT_NE(answer.body, "sorry") << "nobody has failed";
  EXPECT_TRUE(finish(run.run(Phase::kAccess)).error());
  run.word_failure(answer);
  EXPECT_EQ(answer.body, "sorry");
}

TEST_F(ChainRunTest, APluginThatClosesIsTheReason) {
  add("a", kAll, [](Phase, BodyStage*) -> Task<Verdict> { return Verdict::close(); });
  Chain chain(links);
  ChainRun run(chain, f.exchange, {});
  EXPECT_TRUE(finish(run.run(Phase::kAccess)).closes());
  EXPECT_EQ(f.exchange.reason, "plugin:a");
}

TEST_F(ChainRunTest, DetailsOfAnAnswerStandBehindTheNameOfItsPlugin) {
  for (int status : {403, 200}) {
    std::vector<Link> own{probe_link("a", kAll, Probe{&calls, [status](Phase, BodyStage*) -> Task<Verdict> {
                                                        http::Response response = http::Response::error(status, "no");
                                                        response.details = "over_quota";
                                                        return Verdict::answer(std::move(response));
                                                      }})};
    exchange::ExchangeFixture asked{"/"};
    Chain chain(own);
    ChainRun run(chain, asked.exchange, {});
    EXPECT_TRUE(finish(run.run(Phase::kRewrite)).response());
    EXPECT_EQ(asked.exchange.answer_details, "over_quota");
    EXPECT_EQ(asked.exchange.reason, status == 403 ? "plugin:a:over_quota" : "");
  }
}

TEST_F(ChainRunTest, AnAnswerBelow400NeedsNoReason) {
  add("a", kAll, [](Phase, BodyStage*) { return answer(200); });
  Chain chain(links);
  ChainRun run(chain, f.exchange, {});
  EXPECT_TRUE(finish(run.run(Phase::kAccess)).response());
  EXPECT_EQ(f.exchange.reason, "");
}

TEST_F(ChainRunTest, TheErrorResponseReplacesTheBodyOfRefusalsAlone) {
  auto act = [](Phase phase, BodyStage*) { return answer(phase == Phase::kRewrite ? 401 : 200); };
  Link& link = add("a", kAll, act);
  link.error_response = "sorry";
  Chain chain(links);
  ChainRun run(chain, f.exchange, {});
  Verdict refused = finish(run.run(Phase::kRewrite));
  EXPECT_EQ(refused.response()->body, "sorry");
  EXPECT_EQ(refused.response()->headers.at(0).second, "text/plain; charset=utf-8");
  EXPECT_EQ(finish(run.run(Phase::kAccess)).response()->body, "{\"error_msg\":\"no\"}\n");
}

TEST_F(ChainRunTest, AnExceptionIsAFailureOfItsPlugin) {
  add("a", kAll, [](Phase, BodyStage*) -> Task<Verdict> { throw std::runtime_error("oops"); });
  Chain chain(links);
  ChainRun run(chain, f.exchange, {});
  Verdict verdict = finish(run.run(Phase::kAccess));
  ASSERT_TRUE(verdict.error());
  EXPECT_EQ(verdict.error()->code, ErrorCode::kPlugin);
  EXPECT_EQ(verdict.error()->what, "plugin a threw oops");
  EXPECT_EQ(f.exchange.reason, "plugin:a");
}

TEST_F(ChainRunTest, AnExceptionAfterAWaitIsAFailureToo) {
  async::Event event;
  struct Late {
    static Task<Verdict> fail_after(async::Event& event) {
      co_await event;
      throw std::runtime_error("late");
    }
  };
  add("a", kAll, [&](Phase, BodyStage*) { return Late::fail_after(event); });
  Chain chain(links);
  ChainRun run(chain, f.exchange, {});
  Running<Verdict> running(run.run(Phase::kAccess));
  event.set();
  ASSERT_TRUE(running.is_done());
  EXPECT_EQ(running.result().error()->what, "plugin a threw late");
}

TEST_F(ChainRunTest, TheChainStandsStillWhileAFilterWaits) {
  async::Event event;
  add("a", kAll, [&](Phase, BodyStage*) { return wait_for(event); });
  add("b", kAll, [](Phase, BodyStage*) { return answer(418); });
  Chain chain(links);
  ChainRun run(chain, f.exchange, {});
  Running<Verdict> running(run.run(Phase::kAccess));
  EXPECT_FALSE(running.is_done());
  EXPECT_THAT(calls, ElementsAre("a.access"));
  event.set();
  ASSERT_TRUE(running.is_done());
  EXPECT_EQ(running.result().response()->status, 418);
}

TEST_F(ChainRunTest, AMetaFilterIsEvaluatedOncePerExchange) {
  Link& link = add("a", kAll);
  auto expression = exchange::Expression::compile(json::parse(R"([["arg_x","==","1"]])").value());
  link.filter = std::make_shared<const exchange::Expression>(std::move(*expression));
  Chain chain(links);
  ChainRun run(chain, f.exchange, {});
  EXPECT_TRUE(finish(run.run(Phase::kRewrite)).proceeds());
  f.exchange.query = "x=2";
  EXPECT_TRUE(finish(run.run(Phase::kAccess)).proceeds());
  EXPECT_THAT(calls, ElementsAre("a.rewrite", "a.access"));
  calls.clear();
  ChainRun other(chain, f.exchange, {});
  EXPECT_TRUE(finish(other.run(Phase::kRewrite)).proceeds());
  other.log();
  EXPECT_THAT(calls, IsEmpty());
}

TEST_F(ChainRunTest, FiltersThatNeverSawTheRequestSkipTheResponseAndTheLog) {
  add("a", kAll, [](Phase phase, BodyStage*) -> Task<Verdict> {
    if (phase == Phase::kRewrite) return answer(403);
    return Verdict::proceed();
  });
  add("b", kAll);
  add("c", {Phase::kResponseHeaders, Phase::kLog});
  Chain chain(links);
  ChainRun run(chain, f.exchange, {});
  EXPECT_FALSE(finish(run.run(Phase::kRewrite)).proceeds());
  EXPECT_TRUE(finish(run.run(Phase::kResponseHeaders)).proceeds());
  run.log();
  EXPECT_THAT(calls, ElementsAre("a.rewrite", "a.response_headers", "c.response_headers", "a.log", "c.log"));
}

TEST_F(ChainRunTest, AnAnswerToAResponseGoesOnBehindTheFilterThatGaveItAndASecondWinsNothing) {
  add("a", {Phase::kResponseHeaders});
  add("b", {Phase::kResponseHeaders}, [](Phase, BodyStage*) { return answer(500); });
  add("c", {Phase::kResponseHeaders}, [](Phase, BodyStage*) { return answer(501); });
  add("d", {Phase::kResponseHeaders});
  Chain chain(links);
  ChainRun run(chain, f.exchange, {});
  EXPECT_EQ(finish(run.run(Phase::kResponseHeaders)).response()->status, 500);
  EXPECT_TRUE(finish(run.run(Phase::kResponseHeaders)).proceeds());
  EXPECT_THAT(calls,
              ElementsAre("a.response_headers", "b.response_headers", "c.response_headers", "d.response_headers"));
  EXPECT_EQ(f.exchange.reason, "plugin:b");
}

TEST_F(ChainRunTest, APluginThatFailsInTheLogDisturbsNobody) {
  struct Throws final : Plugin {
    PhaseSet phases() const override { return {Phase::kLog}; }
    Filter* make_filter(Exchange&) const override { throw std::runtime_error("no filter"); }
  };
  Link bad;
  bad.name = "bad";
  bad.plugin = std::make_shared<const Throws>();
  links.push_back(bad);
  add("b", {Phase::kLog});
  Chain chain(links);
  ChainRun run(chain, f.exchange, {});
  run.log();
  EXPECT_THAT(calls, ElementsAre("b.log"));
}

TEST(GlobalLinks, ThatPreferTheRoutesOwnGiveWayToIt) {
  Link plain = probe_link("plain", {Phase::kLog}, {}), polite = probe_link("polite", {Phase::kLog}, {});
  polite.run_policy = RunPolicy::kPreferRoute;
  auto names = [](const Chain& chain) {
    std::string all;
    for (const Link& link : chain.links()) all += link.name + " ";
    return all;
  };
  EXPECT_EQ(names(Chain({plain, polite}, {})), "plain polite ");
  EXPECT_EQ(names(Chain({plain, polite}, {plain})), "plain polite plain ");
  EXPECT_EQ(names(Chain({plain, polite}, {polite, plain})), "plain polite plain ");
}

TEST_F(ChainRunTest, GlobalLinksComeFirst) {
  add("route", {Phase::kLog});
  std::vector<Link> global{probe_link("global", {Phase::kLog}, Probe{&calls, {}})};
  Chain chain(global, links);
  ChainRun run(chain, f.exchange, {});
  run.log();
  EXPECT_THAT(calls, ElementsAre("global.log", "route.log"));
  EXPECT_TRUE(chain.has(Phase::kLog));
  EXPECT_FALSE(chain.has(Phase::kAccess));
}

}  // namespace
}  // namespace sallyport::chain
