#include "async/resolver.h"

#include "async/name_server_fixture.h"
#include "async/reactor_fixture.h"
#include "async/task_group.h"
#include "base/temporary_folder_fixture.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace sallyport::async {
namespace {

constexpr Milliseconds kLong{30'000};
constexpr int kNoSuchName = 3, kRefused = 5;  // RFC 1035 4.1.1

struct ResolverTest : testing::TestWithParam<ReactorKind> {
  TemporaryFolder hosts;
  std::unique_ptr<Reactor> loop = open_reactor(GetParam()).value();
  Reactor& reactor = *loop;
  TaskGroup tasks;
  std::unique_ptr<Resolver> resolver;

  void use(const NameServer& server, bool enable_ipv6 = true) {
    ResolverOptions options;
    options.servers = {server.address()};
    options.enable_ipv6 = enable_ipv6;
    options.hosts_file = hosts.file("hosts");
    auto opened = open_resolver(reactor, options);
    ASSERT_TRUE(opened) << opened.error().what;
    resolver = std::move(*opened);
  }

  using Answer = Result<std::vector<ResolvedAddress>>;
  Answer look_up(std::string name, Milliseconds timeout = kLong) {
    std::optional<Answer> answer;
    tasks.spawn(keep(*this, std::move(name), timeout, answer));
    while (!answer) reactor.run();
    return *answer;
  }
  static Task<void> keep(ResolverTest& test, std::string name, Milliseconds timeout, std::optional<Answer>& answer) {
    answer = co_await test.resolver->lookup(std::move(name), timeout);
    test.reactor.post([&test] { test.reactor.stop(); });
  }

  std::vector<std::string> ips(std::string name) {
    std::vector<std::string> texts;
    Answer answer = look_up(std::move(name));
    if (!answer) return {answer.error().what};
    for (const ResolvedAddress& each : *answer) texts.push_back(each.address.ip());
    return texts;
  }
};

TEST_P(ResolverTest, GivesAddressesOfBothFamiliesIpv4First) {
  NameServer server({{"a.test", {{"2001:db8::1", "192.0.2.1", "192.0.2.2"}, 300}}});
  use(server);
  EXPECT_THAT(ips("a.test"), testing::ElementsAre("192.0.2.1", "192.0.2.2", "2001:db8::1"));
  EXPECT_EQ(look_up("a.test")->front().time_to_live, std::chrono::seconds(300));
}

TEST_P(ResolverTest, WithoutIpv6AsksForIpv4Only) {
  NameServer server({{"a.test", {{"2001:db8::1", "192.0.2.1"}}}});
  use(server, false);
  EXPECT_THAT(ips("a.test"), testing::ElementsAre("192.0.2.1"));
  EXPECT_EQ(server.queries(), 1);
}

TEST_P(ResolverTest, ALiteralAddressIsItsOwnAnswerAtOnce) {
  NameServer server({}, kNoSuchName);
  use(server);
  EXPECT_TRUE(resolver->lookup("127.0.0.1", kLong).is_ready());
  EXPECT_THAT(ips("::1"), testing::ElementsAre("::1"));
  EXPECT_EQ(server.queries(), 0);
}

TEST_P(ResolverTest, TheHostsFileGoesBeforeTheServers) {
  hosts.write("hosts", "2001:db8::2 a.test\n192.0.2.2 a.test\n2001:db8::3 six.test\n");
  NameServer server({{"localhost", {{"192.0.2.1"}}}, {"a.test", {{"192.0.2.1"}}}, {"six.test", {{"192.0.2.1"}}}});
  use(server);
  EXPECT_THAT(ips("a.test"), testing::ElementsAre("192.0.2.2", "2001:db8::2"));
  EXPECT_THAT(ips("localhost"), testing::ElementsAre("127.0.0.1", "::1"));
  EXPECT_EQ(server.queries(), 0);
  use(server, false);
  EXPECT_THAT(ips("a.test"), testing::ElementsAre("192.0.2.2"));
  EXPECT_THAT(ips("six.test"), testing::ElementsAre("192.0.2.1"));
}

TEST_P(ResolverTest, ANameThatIsNotThereIsNotFound) {
  NameServer server({{"empty.test", {}}}, kNoSuchName);
  use(server);
  EXPECT_EQ(look_up("missing.test").error().code, ErrorCode::kNotFound);
  EXPECT_THAT(look_up("missing.test").error().what, testing::HasSubstr("missing.test"));
  EXPECT_EQ(look_up("empty.test").error().code, ErrorCode::kNotFound);
}

TEST_P(ResolverTest, ARefusingServerMakesTheNameUnavailable) {
  NameServer server({}, kRefused);
  use(server);
  EXPECT_EQ(look_up("a.test").error().code, ErrorCode::kUnavailable);
}

TEST_P(ResolverTest, ASilentServerEndsInATimeout) {
  NameServer server({}, NameServer::kSilent);
  use(server);
  EXPECT_EQ(look_up("a.test", Milliseconds(20)).error().code, ErrorCode::kTimeout);
}

TEST_P(ResolverTest, WhatIsNoNameIsInvalid) {
  NameServer server({}, kNoSuchName);
  use(server);
  EXPECT_EQ(look_up("").error().code, ErrorCode::kInvalid);
  EXPECT_EQ(look_up("a..test").error().code, ErrorCode::kInvalid);
}

TEST_P(ResolverTest, AWaitThatIsDroppedIsForgotten) {
  NameServer server({{"a.test", {{"192.0.2.1"}}}});
  use(server);
  std::optional<Answer> dropped;
  tasks.spawn(keep(*this, "silent.test", kLong, dropped));
  tasks.cancel_all();
  EXPECT_THAT(ips("a.test"), testing::ElementsAre("192.0.2.1"));
  EXPECT_FALSE(dropped);
}

INSTANTIATE_TEST_SUITE_P(EachKind, ResolverTest, testing::ValuesIn(reactor_kinds()), kind_name);

TEST(OpenResolver, NamesAServerThatCannotBeRead) {
  auto loop = usual_reactor();
  Reactor& reactor = *loop;
  for (const char* bad : {"dns.example", "127.0.0.1:0", "127.0.0.1:70000", "[::1", "::1:53x"}) {
    ResolverOptions options;
    options.servers = {bad};
    auto opened = open_resolver(reactor, options);
    ASSERT_FALSE(opened) << bad;
    EXPECT_THAT(opened.error().what, testing::HasSubstr(bad));
  }
  for (const char* good : {"127.0.0.1", "127.0.0.1:5353", "::1", "[::1]", "[::1]:53"}) {
    ResolverOptions options;
    options.servers = {good};
    EXPECT_TRUE(open_resolver(reactor, options)) << good;
  }
}

}  // namespace
}  // namespace sallyport::async
