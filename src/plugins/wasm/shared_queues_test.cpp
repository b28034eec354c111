#include "plugins/wasm/shared_queues.h"

#include <gtest/gtest.h>

#include <atomic>
#include <thread>

namespace sallyport::wasm {
namespace {

using Outcome = SharedQueues::Outcome;

struct Ear final : QueueListener {
  void queue_ready(std::uint32_t, std::uint64_t count) override { heard += count; }
  bool is_gone() const noexcept override { return gone; }
  std::atomic<std::uint64_t> heard{0};
  std::atomic<bool> gone{false};
};

class SharedQueuesTest : public testing::Test {
 protected:
  std::string next() {
    std::string message;
    return queues_.dequeue(queue_, message) == Outcome::kOk ? message : "(none)";
  }
  SharedQueues queues_{SharedQueueLimits()};
  std::uint32_t queue_ = *queues_.open("p", "q");
};

TEST_F(SharedQueuesTest, MessagesLeaveInTheOrderTheyCame) {
  EXPECT_EQ(queues_.enqueue(queue_, "one"), Outcome::kOk);
  EXPECT_EQ(queues_.enqueue(queue_, ""), Outcome::kOk);
  EXPECT_EQ(next(), "one");
  EXPECT_EQ(next(), "");
  std::string message;
  EXPECT_EQ(queues_.dequeue(queue_, message), Outcome::kEmpty);
}

TEST_F(SharedQueuesTest, AQueueIsFoundByVmIdAndName) {
  EXPECT_EQ(queues_.open("p", "q"), queue_);
  EXPECT_EQ(queues_.find("p", "q"), queue_);
  EXPECT_NE(queues_.open("other", "q"), queue_);
  EXPECT_FALSE(queues_.find("p", "no"));
}

TEST_F(SharedQueuesTest, UnknownNumbersAreUnknown) {
  std::string message;
  for (std::uint32_t number : {0u, 2u, 0xffff'ffffu}) {
    EXPECT_EQ(queues_.enqueue(number, "x"), Outcome::kUnknown);
    EXPECT_EQ(queues_.dequeue(number, message), Outcome::kUnknown);
    queues_.listen(number, std::make_shared<Ear>());
    queues_.notify(number, 1);
  }
}

TEST_F(SharedQueuesTest, AFullQueueTakesNothing) {
  queues_.limit({.max_bytes = 10, .max_items = 2});
  EXPECT_EQ(queues_.enqueue(queue_, "12345678901"), Outcome::kFull);
  EXPECT_EQ(queues_.enqueue(queue_, "1234567890"), Outcome::kOk);
  EXPECT_EQ(queues_.enqueue(queue_, "1"), Outcome::kFull);
  EXPECT_EQ(queues_.enqueue(queue_, ""), Outcome::kOk);
  EXPECT_EQ(queues_.enqueue(queue_, ""), Outcome::kFull);
  next();
  EXPECT_EQ(queues_.enqueue(queue_, "1"), Outcome::kOk);
  EXPECT_EQ(queues_.usage().at("p").refusals, 3u);
}

TEST_F(SharedQueuesTest, NumbersAndNamesOfQueuesHaveAnEnd) {
  for (std::size_t i = 1; i < SharedQueues::kMostQueues; ++i) ASSERT_TRUE(queues_.open("p", std::to_string(i)));
  EXPECT_FALSE(queues_.open("p", "one more"));
  EXPECT_TRUE(queues_.open("p", "q"));
  EXPECT_TRUE(queues_.open("other", "one more"));
  EXPECT_FALSE(queues_.open("other", std::string(1025, 'n')));
}

TEST_F(SharedQueuesTest, TheLastListenerThatIsThereHearsOfEachMessage) {
  auto first = std::make_shared<Ear>();
  auto last = std::make_shared<Ear>();
  queues_.listen(queue_, first);
  queues_.listen(queue_, last);
  queues_.listen(queue_, last);
  queues_.enqueue(queue_, "x");
  EXPECT_EQ(last->heard, 1u);
  EXPECT_EQ(first->heard, 0u);
  last->gone = true;
  queues_.enqueue(queue_, "x");
  EXPECT_EQ(first->heard, 1u);
}

TEST_F(SharedQueuesTest, WhoeverListensLaterHearsOfWhatWaits) {
  queues_.enqueue(queue_, "1");
  queues_.enqueue(queue_, "2");
  queues_.enqueue(queue_, "3");
  next();
  auto ear = std::make_shared<Ear>();
  queues_.listen(queue_, ear);
  EXPECT_EQ(ear->heard, 2u);
  queues_.listen(queue_, ear);
  EXPECT_EQ(ear->heard, 2u);
}

TEST_F(SharedQueuesTest, ATrialFindsAQueueThatItCannotFill) {
  queues_.enqueue(queue_, "x");
  SharedQueues trial(SharedQueueLimits(), &queues_);
  auto found = trial.find("p", "q");
  ASSERT_TRUE(found);
  EXPECT_FALSE(trial.find("p", "no"));
  std::string message;
  EXPECT_EQ(trial.dequeue(*found, message), Outcome::kEmpty);
  EXPECT_EQ(trial.enqueue(*found, "y"), Outcome::kOk);
  EXPECT_EQ(next(), "x");
  EXPECT_EQ(next(), "(none)");
}

TEST(SharedQueuesConcurrency, EveryMessageIsHeardOfAndReadOnce) {
  SharedQueues queues({.max_bytes = 1000, .max_items = 100});
  auto queue = *queues.open("p", "q");
  auto ear = std::make_shared<Ear>();
  queues.listen(queue, ear);
  std::atomic<std::uint64_t> sent{0};
  std::atomic<std::uint64_t> received{0};
  std::vector<std::thread> threads;
  for (int i = 0; i < 4; ++i) {
    threads.emplace_back([&, i] {
      std::string message;
      for (int k = 0; k < 2000; ++k) {
        if (i % 2 == 0) sent += queues.enqueue(queue, "message") == Outcome::kOk;
        if (i % 2 == 1) received += queues.dequeue(queue, message) == Outcome::kOk;
        if (k % 100 == 0) queues.listen(*queues.open("p", std::to_string(k)), ear);
      }
    });
  }
  for (std::thread& thread : threads) thread.join();
  EXPECT_EQ(ear->heard, sent);
  std::string message;
  while (queues.dequeue(queue, message) == Outcome::kOk) ++received;
  EXPECT_EQ(received, sent);
}

}  // namespace
}  // namespace sallyport::wasm
