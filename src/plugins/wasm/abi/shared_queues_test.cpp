#include "plugins/wasm/abi/abi_fixture.h"

namespace sallyport::wasm::abi {
namespace {

// All plugins of the fixture have the vm_id `test`.
class SharedQueueCalls : public AbiFixture {
 protected:
  GuestImage run(std::string_view function, std::string_view arguments, std::string_view segments = "") {
    PluginRun run(plugin(call_module(function, arguments, segments)));
    return call(run);
  }
  std::uint32_t open(std::string_view name) {
    return run("proxy_register_shared_queue", numbers(100, name.size(), 16), data(100, name)).number(16);
  }
  GuestImage resolve(std::string_view vm_id, std::string_view name) {
    return run("proxy_resolve_shared_queue", numbers(100, vm_id.size(), 200, name.size(), 16),
               data(100, vm_id) + data(200, name));
  }
  Status enqueue(std::uint32_t queue, std::string_view message) {
    return run("proxy_enqueue_shared_queue", numbers(queue, 100, message.size()), data(100, message)).status();
  }
  GuestImage dequeue(std::uint32_t queue) { return run("proxy_dequeue_shared_queue", numbers(queue, 16, 20)); }
};

TEST_F(SharedQueueCalls, MessagesGoFromVmToVm) {
  std::uint32_t queue = open("q");
  EXPECT_NE(queue, 0u);
  EXPECT_EQ(open("q"), queue);
  EXPECT_EQ(enqueue(queue, "message"), Status::kOk);
  EXPECT_EQ(enqueue(queue, ""), Status::kOk);
  GuestImage image = dequeue(queue);
  EXPECT_EQ(image.status(), Status::kOk);
  EXPECT_EQ(image.text(16), "message");
  EXPECT_EQ(dequeue(queue).status(), Status::kOk);
  EXPECT_EQ(dequeue(queue).status(), Status::kEmpty);
}

TEST_F(SharedQueueCalls, QueuesAreResolvedByVmId) {
  std::uint32_t queue = open("q");
  EXPECT_EQ(resolve("test", "q").number(16), queue);
  EXPECT_EQ(resolve("", "q").number(16), queue);
  EXPECT_EQ(resolve("other", "q").status(), Status::kNotFound);
  EXPECT_EQ(resolve("test", "no").status(), Status::kNotFound);
}

TEST_F(SharedQueueCalls, UnknownQueuesAreNotFound) {
  EXPECT_EQ(enqueue(4711, "x"), Status::kNotFound);
  EXPECT_EQ(dequeue(0).status(), Status::kNotFound);
}

TEST_F(SharedQueueCalls, AFullQueueIsAnInternalFailure) {
  runtime_->state().limit({.queues = {.max_items = 1}});
  std::uint32_t queue = open("q");
  EXPECT_EQ(enqueue(queue, "x"), Status::kOk);
  EXPECT_EQ(enqueue(queue, "x"), Status::kInternalFailure);
  EXPECT_TRUE(log_.has("a shared queue is full"));
}

TEST_F(SharedQueueCalls, TooLongANameIsAnInternalFailure) {
  EXPECT_EQ(run("proxy_register_shared_queue", numbers(100, 1025, 16)).status(), Status::kInternalFailure);
}

TEST_F(SharedQueueCalls, RangesOutsideOfMemoryAreRefused) {
  constexpr auto kRefused = Status::kInvalidMemoryAccess;
  std::uint32_t queue = open("q");
  EXPECT_EQ(run("proxy_register_shared_queue", numbers(65530, 100, 16)).status(), kRefused);
  EXPECT_EQ(run("proxy_register_shared_queue", numbers(100, 1, 65534)).status(), kRefused);
  EXPECT_EQ(run("proxy_resolve_shared_queue", numbers(0xffffffff, 2, 100, 1, 16)).status(), kRefused);
  EXPECT_EQ(run("proxy_enqueue_shared_queue", numbers(queue, 65530, 100)).status(), kRefused);
  enqueue(queue, "stays");
  EXPECT_EQ(run("proxy_dequeue_shared_queue", numbers(queue, 65534, 20)).status(), kRefused);
  EXPECT_EQ(run("proxy_dequeue_shared_queue", numbers(queue, 16, 65534)).status(), kRefused);
  EXPECT_EQ(dequeue(queue).text(16), "stays");
}

}  // namespace
}  // namespace sallyport::wasm::abi
