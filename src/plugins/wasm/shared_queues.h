#pragma once
// Queues of messages between plugins, by vm_id and name, with a notification for each message. Any thread may call
// anything. A queue and what is in it last as long as the process.

#include "plugins/wasm/state_limits.h"

#include <atomic>
#include <cstddef>
#include <cstdint>
#include <deque>
#include <map>
#include <memory>
#include <mutex>
#include <optional>
#include <shared_mutex>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace sallyport::wasm {

// Who wants to hear of the messages in queues.
class QueueListener {
 public:
  virtual ~QueueListener() = default;
  // There are `count` more. Called from any thread, holding no lock; it must not call back before it has returned.
  virtual void queue_ready(std::uint32_t queue, std::uint64_t count) = 0;
  virtual bool is_gone() const noexcept = 0;
};

class SharedQueues {
 public:
  static constexpr std::size_t kMostQueues = 1000;  // of one vm_id
  static constexpr std::size_t kLongestName = 1024;
  enum class Outcome : std::uint8_t { kOk, kUnknown, kEmpty, kFull };
  struct Usage {
    std::uint64_t queues = 0;
    std::uint64_t items = 0;
    std::uint64_t bytes = 0;
    std::uint64_t refusals = 0;  // messages for which there was no room
  };

  // A queue that is only known to `behind`, which outlives this, begins here empty.
  explicit SharedQueues(const SharedQueueLimits& limits, SharedQueues* behind = nullptr);
  SharedQueues(const SharedQueues&) = delete;
  SharedQueues& operator=(const SharedQueues&) = delete;

  // The number of the queue, never 0; nothing if the vm_id has too many or the name is too long.
  std::optional<std::uint32_t> open(std::string_view vm_id, std::string_view name);
  std::optional<std::uint32_t> find(std::string_view vm_id, std::string_view name);
  // The last listener that is there is told of each message, and of those that came while there was none.
  void listen(std::uint32_t queue, std::shared_ptr<QueueListener> listener);

  Outcome enqueue(std::uint32_t queue, std::string_view message);
  Outcome dequeue(std::uint32_t queue, std::string& message);
  // Passes a notification on whose listener could not take it.
  void notify(std::uint32_t queue, std::uint64_t count);

  void limit(const SharedQueueLimits& limits);
  std::map<std::string, Usage> usage() const;  // by vm_id

 private:
  struct Plugin {
    std::uint64_t queues = 0;  // guarded by mutex_
    std::atomic<std::uint64_t> items{0};
    std::atomic<std::uint64_t> bytes{0};
    std::atomic<std::uint64_t> refusals{0};
  };
  struct Queue {
    explicit Queue(Plugin& its_plugin) : plugin(its_plugin) {}
    Plugin& plugin;
    std::mutex mutex;  // guards what follows
    std::deque<std::string> messages;
    std::uint64_t owed = 0;  // notifications that found no listener
    std::vector<std::weak_ptr<QueueListener>> listeners;

    std::shared_ptr<QueueListener> listener();
  };
  Queue* at(std::uint32_t queue) const;
  bool reserve(Plugin& plugin, std::uint64_t bytes) const;

  SharedQueues* behind_;
  mutable std::shared_mutex mutex_;  // guards what follows
  SharedQueueLimits limits_;
  std::map<std::pair<std::string, std::string>, std::uint32_t, std::less<>> numbers_;
  std::map<std::string, Plugin, std::less<>> plugins_;
  std::vector<std::unique_ptr<Queue>> queues_;  // never shrinks
};

}  // namespace sallyport::wasm
