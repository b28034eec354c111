// The host on real loops: a control thread, two workers, the background. Meant for the thread sanitizer, too.

#include "async/epoll_reactor.h"
#include "base/sha256.h"
#include "plugins/wasm/wasm_fixture.h"

#include <atomic>
#include <functional>
#include <future>
#include <thread>

namespace sallyport::wasm {
namespace {

using chain::Phase;

// A loop with its thread.
class Loop {
 public:
  ~Loop() { stop(); }
  void stop() {
    if (!thread_.joinable()) return;
    reactor_.post([this] { reactor_.stop(); });
    thread_.join();
  }
  async::Reactor& reactor() { return reactor_; }

  // Does `work` on the loop and waits for it.
  template <class Work>
  auto run(Work work) {
    std::packaged_task<decltype(work())()> task(std::move(work));
    auto result = task.get_future();
    reactor_.post([task = std::move(task)]() mutable { task(); });
    return result.get();
  }

 private:
  async::EpollReactor reactor_;
  std::thread thread_{[this] { reactor_.run(); }};
};

class ThreadsConcurrency : public testing::Test {
 protected:
  ThreadsConcurrency() {
    Threads threads{control_.reactor().poster(), {workers_[0].reactor().poster(), workers_[1].reactor().poster()}};
    runtime_ = *Runtime::start(std::move(threads), clock_, tested_engine());
  }
  // Each group ends on its own thread: a request may still be on its way out when its outcome is already known.
  ~ThreadsConcurrency() override {
    control_.run([this] { group_.cancel_all(); });
    for (std::size_t i = 0; i < 2; ++i) workers_[i].run([this, i] { requests_[i].cancel_all(); });
    for (Loop* loop : {&control_, &workers_[0], &workers_[1]}) loop->stop();  // all, before one of them is gone
    runtime_.reset();
  }

  using Made = Result<std::shared_ptr<const WasmPlugin>>;

  // Starts to configure on the control thread.
  std::future<Made> configure(std::string path, std::string configuration) {
    auto promise = std::make_shared<std::promise<Made>>();
    auto result = promise->get_future();
    control_.reactor().post(
        [this, promise, path, configuration] { group_.spawn(configure_there(promise, path, configuration)); });
    return result;
  }
  async::Task<void> configure_there(std::shared_ptr<std::promise<Made>> promise, std::string path,
                                    std::string configuration) {
    auto module = co_await runtime_->load(path);
    if (!module) {
      promise->set_value(fail(module.error()));
      co_return;
    }
    VmSpec spec;
    spec.plugin = "test";
    spec.module = *module;
    auto roots = co_await runtime_->configure(std::move(spec), {"test", "", configuration}, "routes/1");
    if (roots)
      promise->set_value(std::make_shared<const WasmPlugin>(*roots, PluginPolicy{}));
    else
      promise->set_value(fail(roots.error()));
  }

  using Loaded = Result<std::shared_ptr<const Module>>;

  // Starts to load code on the control thread.
  std::future<Loaded> load(std::string hash, std::function<Result<std::string>()> read) {
    auto promise = std::make_shared<std::promise<Loaded>>();
    auto result = promise->get_future();
    control_.reactor().post([this, promise, hash, read] { group_.spawn(load_there(promise, hash, read)); });
    return result;
  }
  async::Task<void> load_there(std::shared_ptr<std::promise<Loaded>> promise, std::string hash,
                               std::function<Result<std::string>()> read) {
    promise->set_value(co_await runtime_->load_code("plugin test", std::move(hash), std::move(read)));
  }

  // The outcome of a request on a worker: "proceeds", or why it failed.
  std::future<std::string> request(std::size_t worker, std::shared_ptr<const WasmPlugin> plugin, bool bad) {
    auto promise = std::make_shared<std::promise<std::string>>();
    auto result = promise->get_future();
    workers_[worker].reactor().post(
        [this, worker, plugin, bad, promise] { requests_[worker].spawn(request_there(worker, plugin, bad, promise)); });
    return result;
  }
  async::Task<void> request_there(std::size_t worker, std::shared_ptr<const WasmPlugin> plugin, bool bad,
                                  std::shared_ptr<std::promise<std::string>> promise) {
    std::string outcome;
    {
      PluginRun run(plugin);
      run.exchange.worker = worker;
      if (bad) run.header("x", "y");
      chain::Verdict verdict = co_await run.run->run(Phase::kAccess);
      outcome = verdict.error() ? verdict.error()->what : "proceeds";
      run.run->log();
    }
    plugin.reset();
    promise->set_value(outcome);
  }

  std::string write_module(std::string_view text) { return folder_.write("m.wat", std::string(text)); }

  SystemClock clock_;
  TemporaryFolder folder_;
  std::shared_ptr<const WasmPlugin> last_;  // goes when everything else is gone
  Loop control_;
  Loop workers_[2];
  std::shared_ptr<Runtime> runtime_;
  async::TaskGroup group_;        // of the control thread
  async::TaskGroup requests_[2];  // of the workers
};

// Traps when a request has a header. Starting it takes some milliseconds if `slow`, with an interpreter, too.
std::string trapping(bool slow) {
  const std::string rounds = tested_engine() == EngineKind::kWasmtime ? "10000000" : "300000";
  std::string count = R"((func (export "_initialize") (local $i i64)
    (loop $l (local.set $i (i64.add (local.get $i) (i64.const 1))) (br_if $l (i64.lt_u (local.get $i) (i64.const )" +
                      rounds + ")))))";
  return wat("", (slow ? count : "") + R"((func (export "proxy_on_request_headers") (param i32 i32 i32) (result i32)
    (if (i32.gt_u (local.get 1) (i32.const 3)) (then unreachable)) (i32.const 0)))");
}

TEST_F(ThreadsConcurrency, APluginServesOnEveryWorker) {
  auto made = configure(write_module(trapping(false)), "a").get();
  ASSERT_TRUE(made) << made.error().what;
  EXPECT_EQ(request(0, *made, false).get(), "proceeds");
  EXPECT_EQ(request(1, *made, false).get(), "proceeds");
}

TEST_F(ThreadsConcurrency, ARefusalArrivesAtTheControlThread) {
  auto made = configure(write_module("(module)"), "a").get();
  ASSERT_FALSE(made);
  EXPECT_NE(made.error().what.find("it is no Proxy-Wasm plugin"), std::string::npos);
}

TEST_F(ThreadsConcurrency, ARequestAfterATrapWaitsForTheNewVm) {
  for (bool slow : {false, true}) {
    auto made = configure(write_module(trapping(slow)), "a").get();
    ASSERT_TRUE(made) << made.error().what;
    for (int i = 0; i < 3; ++i) {
      auto bad = request(0, *made, true);
      auto next = request(0, *made, false);
      auto elsewhere = request(1, *made, false);
      EXPECT_NE(bad.get().find("trapped: unreachable"), std::string::npos);
      EXPECT_EQ(next.get(), "proceeds");
      EXPECT_EQ(elsewhere.get(), "proceeds");
    }
  }
}

TEST_F(ThreadsConcurrency, ConfsComeAndGoWhileRequestsRun) {
  std::string path = write_module(trapping(false));
  auto first = configure(path, "first").get();
  ASSERT_TRUE(first) << first.error().what;
  std::vector<std::future<std::string>> outcomes;
  for (int i = 0; i < 50; ++i) {
    auto next = configure(path, std::to_string(i));
    for (int k = 0; k < 10; ++k) outcomes.push_back(request(k % 2, *first, i % 10 == 9 && k == 0));
    auto made = next.get();
    ASSERT_TRUE(made) << made.error().what;
    outcomes.push_back(request(i % 2, *made, false));
  }
  int failed = 0;
  for (auto& outcome : outcomes) failed += outcome.get() != "proceeds";
  EXPECT_GE(failed, 5);
  EXPECT_LE(failed, 5 * 12);  // the bad ones, and those that shared their Vm
}

TEST_F(ThreadsConcurrency, AConfMayOutliveTheLoops) {
  auto made = configure(write_module(trapping(false)), "a").get();
  ASSERT_TRUE(made) << made.error().what;
  EXPECT_EQ(request(1, *made, false).get(), "proceeds");
  last_ = *std::move(made);
}

TEST_F(ThreadsConcurrency, SeveralFirstConfsAtOnceShareTheirVms) {
  std::string path = write_module(trapping(true));
  std::vector<std::future<Made>> all;
  for (int i = 0; i < 5; ++i) all.push_back(configure(path, std::to_string(i)));
  std::vector<std::shared_ptr<const WasmPlugin>> made;
  for (auto& one : all) {
    auto result = one.get();
    ASSERT_TRUE(result) << result.error().what;
    made.push_back(*result);
  }
  for (const auto& plugin : made) EXPECT_EQ(request(1, plugin, false).get(), "proceeds");
}

TEST_F(ThreadsConcurrency, CodeThatSeveralWantAtOnceIsCompiledOnce) {
  std::atomic<int> reads = 0;
  std::vector<std::future<Loaded>> all;
  for (int i = 0; i < 12; ++i) {
    auto bytes = make_tested_engine()->assemble(wat("", "(global i32 (i32.const " + std::to_string(i % 3) + "))"));
    ASSERT_TRUE(bytes) << bytes.error().what;
    auto read = [&reads, code = *bytes]() -> Result<std::string> {
      ++reads;
      return code;
    };
    all.push_back(load(sha256_hex(*bytes), read));
  }
  std::vector<std::shared_ptr<const Module>> modules;
  for (auto& one : all) {
    auto loaded = one.get();
    ASSERT_TRUE(loaded) << loaded.error().what;
    modules.push_back(*loaded);
  }
  for (std::size_t i = 3; i < modules.size(); ++i) EXPECT_EQ(modules[i], modules[i % 3]);
  EXPECT_EQ(reads, 3);
}

TEST_F(ThreadsConcurrency, ACancelledConfDoesNoHarm) {
  static_cast<void>(configure(write_module(trapping(true)), "a"));
  control_.run([this] { group_.cancel_all(); });
  auto made = configure(write_module(trapping(true)), "a").get();
  EXPECT_TRUE(made);
}

}  // namespace
}  // namespace sallyport::wasm
