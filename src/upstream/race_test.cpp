#include "upstream/race.h"

#include "async/event.h"
#include "async/manual_reactor_fixture.h"
#include "async/task_group.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <map>
#include <memory>
#include <optional>
#include <string>

namespace sallyport::upstream {
namespace {

using namespace std::chrono_literals;
using testing::ElementsAre;

// A loop on which attempts to connect wait until the test decides them. A connection is shown by a null stream.
class ScriptedLoop final : public async::Reactor {
 public:
  void run() override {}
  void stop() override {}
  void post(std::move_only_function<void()> message) override { clock.post(std::move(message)); }
  SteadyTime now() const override { return clock.now(); }
  Result<std::unique_ptr<async::Listener>> listen(const async::Address& address, async::SharePort share,
                                                  OnAccept on_accept) override {
    return clock.listen(address, share, std::move(on_accept));
  }
  Result<std::unique_ptr<async::Listener>> listen_on(int socket, OnArrival on_arrival) override {
    return clock.listen_on(socket, std::move(on_arrival));
  }
  async::Accepted adopt(async::Arrival arrival) override { return clock.adopt(std::move(arrival)); }
  async::Task<Result<async::StreamPtr>> connect(async::Address address, Milliseconds) override {
    attempts.push_back(address.ip());
    return wait(address.ip());
  }
  std::unique_ptr<async::Timer> start_timer(Milliseconds delay, Repeat repeat, std::function<void()> fire) override {
    return clock.start_timer(delay, repeat, std::move(fire));
  }
  std::unique_ptr<async::Watch> watch(int, bool, bool, OnReady) override { return nullptr; }
  void at_turn_end(std::function<void()>) override {}

  void decide(const std::string& ip, bool connects) {
    connects_[ip] = connects;
    if (auto waiting = waiting_.find(ip); waiting != waiting_.end()) waiting->second->set();
    clock.deliver();
  }

  async::ManualReactor clock;
  std::vector<std::string> attempts;

 private:
  async::Task<Result<async::StreamPtr>> wait(std::string ip) {
    auto decided = std::make_shared<async::Event>();
    waiting_[ip] = decided;
    co_await *decided;
    if (!connects_[ip]) co_return fail(ErrorCode::kRefused, "cannot connect to " + ip);
    co_return async::StreamPtr();
  }
  std::map<std::string, bool> connects_;
  std::map<std::string, std::shared_ptr<async::Event>> waiting_;
};

struct RaceTest : testing::Test {
  ScriptedLoop loop;
  std::optional<std::string> result;
  async::TaskGroup tasks;

  RaceTest() {
    std::vector<async::Address> addresses;
    for (const char* ip : {"::1", "10.0.0.1", "10.0.0.2"}) addresses.push_back(*async::Address::from_ip(ip, 80));
    tasks.spawn(keep(*this, std::move(addresses)));
  }
  static async::Task<void> keep(RaceTest& test, std::vector<async::Address> addresses) {
    auto raced = co_await race(test.loop, std::move(addresses), 60s);
    test.result = raced ? std::to_string(raced->winner) : raced.error().what;
  }
};

TEST_F(RaceTest, TheFirstAddressHasAHeadStart) {
  loop.clock.advance(249ms);
  EXPECT_THAT(loop.attempts, ElementsAre("::1"));
  loop.decide("::1", true);
  EXPECT_EQ(result, "0");
  loop.clock.advance(10s);
  EXPECT_EQ(loop.attempts.size(), 1u);
}

TEST_F(RaceTest, WhicheverAnswersFirstWins) {
  loop.clock.advance(250ms);
  EXPECT_THAT(loop.attempts, ElementsAre("::1", "10.0.0.1"));
  loop.decide("10.0.0.1", true);
  EXPECT_EQ(result, "1");
}

TEST_F(RaceTest, AfterAFailureTheNextBeginsAtOnce) {
  loop.decide("::1", false);
  EXPECT_THAT(loop.attempts, ElementsAre("::1", "10.0.0.1"));
  loop.clock.advance(250ms);
  EXPECT_EQ(loop.attempts.size(), 3u);
  loop.decide("10.0.0.1", false);
  EXPECT_FALSE(result);
  loop.decide("10.0.0.2", true);
  EXPECT_EQ(result, "2");
}

TEST_F(RaceTest, WhenAllHaveFailedItSaysWhyTheLastOneDid) {
  for (const char* ip : {"::1", "10.0.0.1", "10.0.0.2"}) loop.decide(ip, false);
  EXPECT_EQ(result, "cannot connect to 10.0.0.2");
}

TEST_F(RaceTest, MayBeDroppedWhileItRuns) {
  loop.clock.advance(250ms);
  tasks.cancel_all();
  loop.decide("::1", true);
  EXPECT_FALSE(result);
}

}  // namespace
}  // namespace sallyport::upstream
