#include "upstream/prober.h"

#include "async/loop_fixture.h"
#include "upstream/balancer_fixture.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <string>
#include <string_view>

namespace sallyport::upstream {
namespace {

using async::Loop;
using async::StreamPtr;
using enum HealthState;
using testing::HasSubstr;
using testing::StartsWith;

constexpr std::string_view kFine = "HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n";
constexpr std::string_view kBroken = "HTTP/1.1 500 Oh\r\nContent-Length: 0\r\n\r\n";

struct ProberTest : testing::Test {
  Loop loop;
  async::LoopbackServer server{loop.reactor};
  ScriptedResolver resolver;
  HealthBook book;
  Prober prober{loop.reactor, resolver, book, {}};
  resources::Upstream upstream = NodeWords()(server.address().to_string()).upstream;

  ProberTest() {
    resources::ActiveChecks active;
    active.method = "GET";
    active.path = "/health?deep=1";
    active.timeout = Loop::kLong;
    active.healthy_interval = active.unhealthy_interval = Milliseconds(1);
    active.limits.healthy_statuses.add(200);
    active.limits.unhealthy_statuses.add(500);
    active.limits.successes = 1;
    active.limits.http_failures = active.limits.tcp_failures = active.limits.timeouts = 1;
    upstream.checks = resources::HealthChecks{active, {}};
  }
  resources::ActiveChecks& active() { return *upstream.checks->active; }

  ClusterPtr follow() {
    auto cluster = *Cluster::compile(upstream, "upstreams/1", {});
    book.keep_only({cluster});
    prober.follow({{cluster, nullptr}});
    return cluster;
  }
  HealthState state() const { return book.clusters().at(0).nodes.at(0)->state(); }
  Task<void> becomes(HealthState wanted) {
    return loop.until([this, wanted] { return state() == wanted; });
  }
  // What a probe has asked; it is answered with `answer`.
  Task<std::string> serve(std::string answer) {
    StreamPtr far_end = co_await server.accept();
    std::string seen;
    while (!seen.contains("\r\n\r\n")) {
      if (co_await far_end->fill(Loop::kLong) != async::IoStatus::kOk) co_return seen;
      seen += far_end->unread();
      far_end->consume(far_end->unread().size());
    }
    co_await far_end->send(answer, Loop::kLong);
    co_return seen;
  }
};

TEST_F(ProberTest, ANodeIsWhatItsAnswersSay) {
  auto body = [](ProberTest& t) -> Task<void> {
    t.follow();
    const std::string asked = co_await t.serve(std::string(kBroken));
    EXPECT_THAT(asked, StartsWith("GET /health?deep=1 HTTP/1.1\r\nHost: " + t.server.address().to_string() + "\r\n"));
    co_await t.becomes(kUnhealthy);
    co_await t.serve(std::string(kFine));
    co_await t.becomes(kHealthy);
  };
  loop.run(body(*this));
}

TEST_F(ProberTest, ARequestHasTheFieldsAndTheHostThatAreAskedFor) {
  active().host = "shop.test";
  active().headers = {{"User-Agent", "probe"}};
  active().method = "POST";
  active().body = "ping";
  auto body = [](ProberTest& t) -> Task<void> {
    t.follow();
    const std::string asked = co_await t.serve(std::string(kFine));
    EXPECT_THAT(asked, StartsWith("POST "));
    EXPECT_THAT(asked, HasSubstr("Host: shop.test\r\n"));
    EXPECT_THAT(asked, HasSubstr("User-Agent: probe\r\n"));
    EXPECT_THAT(asked, HasSubstr("Content-Length: 4\r\n"));
  };
  loop.run(body(*this));
}

TEST_F(ProberTest, WhatIsNoHttpIsAFailure) {
  auto body = [](ProberTest& t) -> Task<void> {
    t.follow();
    co_await t.serve("SSH-2.0-x\r\n\r\n");
    co_await t.becomes(kUnhealthy);
    EXPECT_EQ(t.book.clusters().at(0).nodes.at(0)->counters().http_failures, 1);
  };
  loop.run(body(*this));
}

TEST_F(ProberTest, AProbeThatTakesTooLongIsATimeout) {
  active().timeout = Milliseconds(5);
  auto body = [](ProberTest& t) -> Task<void> {
    t.follow();
    co_await t.becomes(kUnhealthy);
    EXPECT_GE(t.book.clusters().at(0).nodes.at(0)->counters().timeouts, 1);
  };
  loop.run(body(*this));
}

TEST_F(ProberTest, ATcpProbeIsContentWithAConnection) {
  active().type = resources::CheckType::kTcp;
  auto body = [](ProberTest& t) -> Task<void> {
    auto cluster = t.follow();
    t.book.clusters().at(0).nodes.at(0)->report(HealthReport::kTcpFailure, 1, t.loop.reactor.now());
    co_await t.becomes(kHealthy);
    t.server.close();
    co_await t.becomes(kUnhealthy);
    EXPECT_EQ(t.book.clusters().at(0).nodes.at(0)->counters().tcp_failures, 1);
  };
  loop.run(body(*this));
}

TEST_F(ProberTest, AnotherPortMayBeProbed) {
  active().port = server.address().port();
  upstream.nodes[0].port = 1;
  auto body = [](ProberTest& t) -> Task<void> {
    t.follow();
    co_await t.serve(std::string(kBroken));
    co_await t.becomes(kUnhealthy);
    EXPECT_EQ(t.book.clusters().at(0).nodes.at(0)->port(), 1);
  };
  loop.run(body(*this));
}

TEST_F(ProberTest, AllAddressesOfANameAreProbed) {
  upstream.nodes[0].host = "a.test";
  auto body = [](ProberTest& t) -> Task<void> {
    t.follow();
    EXPECT_EQ(t.prober.probed_nodes(), 0u);
    t.resolver.answer("a.test", {"127.0.0.1", "127.0.0.3"});
    co_await t.loop.until([&t] { return t.prober.probed_nodes() == 2; });
    co_await t.serve(std::string(kBroken));
    co_await t.loop.until([&t] {
      auto nodes = t.book.clusters().at(0).nodes;
      return nodes.size() == 2 && nodes[0]->state() == kUnhealthy && nodes[1]->state() == kUnhealthy;
    });
  };
  loop.run(body(*this));
}

TEST_F(ProberTest, ANodeIsProbedOnAsItsUpstreamChangesAndNoMoreWhenThatGoes) {
  auto body = [](ProberTest& t) -> Task<void> {
    t.follow();
    co_await t.serve(std::string(kFine));
    t.upstream.retries = 5;
    t.active().path = "/other";
    t.follow();
    std::string asked;
    while (!asked.starts_with("GET /other ")) asked = co_await t.serve(std::string(kFine));
    t.prober.follow({});
    EXPECT_EQ(t.prober.probed_nodes(), 0u);
  };
  loop.run(body(*this));
}

TEST_F(ProberTest, NoMoreProbesAreUnderWayThanAllowed) {
  resources::Node other = upstream.nodes[0];
  other.host = "a.test";
  upstream.nodes.push_back(other);
  resolver.answer("a.test", {"127.0.0.1"});
  active().concurrency = 1;
  active().timeout = Milliseconds(20);
  auto body = [](ProberTest& t) -> Task<void> {
    t.follow();
    StreamPtr first = co_await t.server.accept();
    StreamPtr second = co_await t.server.accept();
    int timeouts = 0;
    const std::vector<NodeHealthPtr> nodes = t.book.clusters().at(0).nodes;
    for (const auto& node : nodes) timeouts += node->counters().timeouts;
    EXPECT_EQ(timeouts, 1) << "the second one began after the first one had ended";
  };
  loop.run(body(*this));
}

}  // namespace
}  // namespace sallyport::upstream
