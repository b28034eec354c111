// The two ends of an upgrade, with small programs of the system in the place of the other gateway.

#include "app/successor.h"

#include "app/predecessor.h"
#include "async/epoll_reactor.h"
#include "async/sockets.h"
#include "async/task_group.h"
#include "base/temporary_folder_fixture.h"

#include <fcntl.h>
#include <gmock/gmock.h>
#include <signal.h>
#include <sys/socket.h>
#include <unistd.h>

#include <cstdlib>

namespace sallyport::app {
namespace {

using testing::EndsWith;
using testing::HasSubstr;
using testing::StartsWith;

constexpr Milliseconds kLong{60'000};

struct SuccessorTest : testing::Test {
  async::EpollReactor reactor;
  async::TaskGroup tasks;
  const int fd = async::bind_socket(*async::Address::from_ip("127.0.0.1", 0), async::SharePort::kYes).value();
  const SocketList sockets{{async::local_address_of(fd), fd}};

  ~SuccessorTest() override { ::close(fd); }

  // A shell that runs `script`.
  std::unique_ptr<Successor> start(const std::string& script) {
    auto started = Successor::start({"/bin/sh", {"sh", "-c", script}}, sockets);
    EXPECT_TRUE(started) << started.error().what;
    return std::move(*started);
  }
  Status wait_for(Successor& successor, const char* word, Milliseconds longest = kLong) {
    Status outcome;
    tasks.spawn(wait(*this, successor, word, longest, outcome));
    reactor.run();
    return outcome;
  }
  Status ask(Predecessor& predecessor, const char* request, Milliseconds longest = kLong) {
    Status outcome;
    tasks.spawn(keep(*this, predecessor, request, longest, outcome));
    reactor.run();
    return outcome;
  }
  static async::Task<void> keep(SuccessorTest& test, Predecessor& predecessor, std::string request,
                                Milliseconds longest, Status& outcome) {
    outcome = co_await predecessor.ask(test.reactor, std::move(request), longest);
    test.reactor.post([&test] { test.reactor.stop(); });
  }
  static async::Task<void> wait(SuccessorTest& test, Successor& successor, std::string word, Milliseconds longest,
                                Status& outcome) {
    outcome = co_await successor.wait_for(test.reactor, std::move(word), test.reactor.now() + longest);
    test.reactor.post([&test] { test.reactor.stop(); });
  }
};

TEST_F(SuccessorTest, IsHeardAndHasTheSocketAndNothingElse) {
  TemporaryFolder folder;
  const int other = ::open("/dev/null", O_RDONLY);  // without O_CLOEXEC
  auto successor = start(
      "{ for i in 0 1 2 3 4 5 6 7 8 9 10 11 12; do [ -e /proc/$$/fd/$i ] && printf \"$i \"; done; "
      "echo \"$SALLYPORT_PREDECESSOR $SALLYPORT_LISTENERS\"; } > " +
      folder.file("seen") + "; printf serving >&3; exec sleep 1000");
  EXPECT_TRUE(wait_for(*successor, kServing));
  EXPECT_THAT(folder.read("seen"), EndsWith(" 3 " + sockets.front().address.to_string() + "=4\n"));
  EXPECT_THAT(folder.read("seen"), StartsWith("0 1 2 3 4 "));
  EXPECT_THAT(folder.read("seen"), Not(HasSubstr(std::to_string(other) + " ")));
  ::close(other);
}

TEST_F(SuccessorTest, SaysWhyItFailsInOneLine) {
  auto failing = start("printf 'failed: conf/config.yaml:1:1: error: a\\nanother' >&3; exit 1");
  Status failed = wait_for(*failing, kReadStore);
  ASSERT_FALSE(failed);
  EXPECT_THAT(failed.error().what, HasSubstr(": conf/config.yaml:1:1: error: a another"));
}

TEST_F(SuccessorTest, ThatEndsIsNoticed) {
  EXPECT_THAT(wait_for(*start("exit 7"), kReadStore).error().what, HasSubstr(" ended with 7 before it served"));
  EXPECT_THAT(wait_for(*start("kill -SEGV $$"), kReadStore).error().what, HasSubstr(" was ended by signal 11 "));
}

TEST_F(SuccessorTest, ThatIsTooSlowIsEnded) {
  auto slow = start("exec sleep 1000");
  EXPECT_THAT(wait_for(*slow, kReadStore, Milliseconds(1)).error().what, HasSubstr("not ready in time"));
  const pid_t process = slow->process();
  slow.reset();
  EXPECT_EQ(::kill(process, 0), -1);
}

TEST_F(SuccessorTest, AFileThatIsNoProgramIsNamed) {
  TemporaryFolder folder;
  EXPECT_THAT(Successor::start({folder.file("none"), {"none"}}, sockets).error().what,
              HasSubstr("none cannot be started: No such file or directory"));
}

TEST_F(SuccessorTest, TheOtherSideAsksAndIsAnswered) {
  int pair[2];
  ASSERT_EQ(::socketpair(AF_UNIX, SOCK_SEQPACKET, 0, pair), 0);
  UpgradeChannel former(pair[0]);
  ::setenv("SALLYPORT_PREDECESSOR", std::to_string(pair[1]).c_str(), 1);
  auto predecessor = Predecessor::from_environment();
  ASSERT_TRUE(predecessor) << predecessor.error().what;
  EXPECT_EQ(std::getenv("SALLYPORT_PREDECESSOR"), nullptr);
  EXPECT_EQ(::fcntl(pair[1], F_GETFD) & FD_CLOEXEC, FD_CLOEXEC);
  former.say(kServe);
  EXPECT_TRUE(ask(**predecessor, kServe));
  EXPECT_EQ(former.hear(), kServe);
  EXPECT_EQ(former.hear(), std::nullopt);
  EXPECT_FALSE(former.has_ended());
}

TEST_F(SuccessorTest, TheOtherSideIsNotWaitedForWithoutEnd) {
  int pair[2];
  ASSERT_EQ(::socketpair(AF_UNIX, SOCK_SEQPACKET, 0, pair), 0);
  UpgradeChannel former(pair[0]);
  Predecessor predecessor(pair[1], 4711);
  former.say(kReadStore);
  const Status asked = ask(predecessor, kServe, Milliseconds(20));
  ASSERT_FALSE(asked);
  EXPECT_EQ(asked.error().code, ErrorCode::kTimeout);
  EXPECT_EQ(asked.error().what,
            "process 4711, which this gateway is to follow, has not answered \"serve\" in 20 ms "
            "(nginx_config.upgrade_timeout)");
}

TEST_F(SuccessorTest, AnOtherSideThatHasEndedIsInNobodysWay) {
  int pair[2];
  ASSERT_EQ(::socketpair(AF_UNIX, SOCK_SEQPACKET, 0, pair), 0);
  ::close(pair[0]);
  Predecessor predecessor(pair[1], 4711);
  EXPECT_TRUE(ask(predecessor, kServe));
}

TEST_F(SuccessorTest, AGatewayWithoutAPredecessorHasNone) {
  EXPECT_EQ(Predecessor::from_environment().value(), nullptr);
}

TEST(Program, IsFoundAsAShellWouldFindIt) {
  const char* const by_path[] = {"sh", "run"};
  EXPECT_THAT(Program::of(by_path).path, HasSubstr("/bin/sh"));
  const char* const with_folder[] = {"./build/../sallyport"};
  EXPECT_EQ(Program::of(with_folder).path.front(), '/');
  EXPECT_THAT(Program::of(with_folder).words, testing::ElementsAre("./build/../sallyport"));
}

}  // namespace
}  // namespace sallyport::app
