#include "plugins/wasm/shared_queues.h"

#include <algorithm>

namespace sallyport::wasm {

SharedQueues::SharedQueues(const SharedQueueLimits& limits, SharedQueues* behind) : behind_(behind), limits_(limits) {}

void SharedQueues::limit(const SharedQueueLimits& limits) {
  std::unique_lock lock(mutex_);
  limits_ = limits;
}

std::optional<std::uint32_t> SharedQueues::open(std::string_view vm_id, std::string_view name) {
  if (name.size() > kLongestName) return std::nullopt;
  std::pair<std::string, std::string> key{vm_id, name};
  std::unique_lock lock(mutex_);
  if (auto found = numbers_.find(key); found != numbers_.end()) return found->second;
  Plugin& plugin = plugins_[key.first];
  if (plugin.queues >= kMostQueues) return std::nullopt;
  ++plugin.queues;
  queues_.push_back(std::make_unique<Queue>(plugin));
  auto number = static_cast<std::uint32_t>(queues_.size());
  numbers_.emplace(std::move(key), number);
  return number;
}

std::optional<std::uint32_t> SharedQueues::find(std::string_view vm_id, std::string_view name) {
  {
    std::shared_lock lock(mutex_);
    auto found = numbers_.find(std::pair(std::string(vm_id), std::string(name)));
    if (found != numbers_.end()) return found->second;
  }
  return behind_ && behind_->find(vm_id, name) ? open(vm_id, name) : std::nullopt;
}

SharedQueues::Queue* SharedQueues::at(std::uint32_t queue) const {
  std::shared_lock lock(mutex_);
  return queue == 0 || queue > queues_.size() ? nullptr : queues_[queue - 1].get();
}

std::shared_ptr<QueueListener> SharedQueues::Queue::listener() {
  while (!listeners.empty()) {
    auto last = listeners.back().lock();
    if (last && !last->is_gone()) return last;
    listeners.pop_back();
  }
  return nullptr;
}

void SharedQueues::listen(std::uint32_t number, std::shared_ptr<QueueListener> listener) {
  Queue* queue = at(number);
  if (!queue) return;
  std::uint64_t owed = 0;
  {
    std::lock_guard lock(queue->mutex);
    std::erase_if(queue->listeners, [&](const auto& weak) {
      auto known = weak.lock();
      return !known || known == listener || known->is_gone();
    });
    queue->listeners.push_back(listener);
    owed = std::min<std::uint64_t>(std::exchange(queue->owed, 0), queue->messages.size());
  }
  if (owed > 0) listener->queue_ready(number, owed);
}

// Takes room for one more message if it is there.
bool SharedQueues::reserve(Plugin& plugin, std::uint64_t bytes) const {
  SharedQueueLimits limits;
  {
    std::shared_lock lock(mutex_);
    limits = limits_;
  }
  auto take = [](std::atomic<std::uint64_t>& used, std::uint64_t amount, std::uint64_t most) {
    std::uint64_t now = used;
    do {
      if (now + amount > most) return false;
    } while (!used.compare_exchange_weak(now, now + amount));
    return true;
  };
  if (take(plugin.items, 1, limits.max_items)) {
    if (take(plugin.bytes, bytes, limits.max_bytes)) return true;
    --plugin.items;
  }
  ++plugin.refusals;
  return false;
}

SharedQueues::Outcome SharedQueues::enqueue(std::uint32_t number, std::string_view message) {
  Queue* queue = at(number);
  if (!queue) return Outcome::kUnknown;
  if (!reserve(queue->plugin, message.size())) return Outcome::kFull;
  {
    std::lock_guard lock(queue->mutex);
    queue->messages.emplace_back(message);
  }
  notify(number, 1);
  return Outcome::kOk;
}

SharedQueues::Outcome SharedQueues::dequeue(std::uint32_t number, std::string& message) {
  Queue* queue = at(number);
  if (!queue) return Outcome::kUnknown;
  std::lock_guard lock(queue->mutex);
  if (queue->messages.empty()) return Outcome::kEmpty;
  message = std::move(queue->messages.front());
  queue->messages.pop_front();
  queue->plugin.bytes -= message.size();
  --queue->plugin.items;
  return Outcome::kOk;
}

void SharedQueues::notify(std::uint32_t number, std::uint64_t count) {
  Queue* queue = at(number);
  if (!queue) return;
  std::shared_ptr<QueueListener> listener;
  {
    std::lock_guard lock(queue->mutex);
    listener = queue->listener();
    if (!listener) queue->owed += count;
  }
  if (listener) listener->queue_ready(number, count);
}

std::map<std::string, SharedQueues::Usage> SharedQueues::usage() const {
  std::map<std::string, Usage> all;
  std::shared_lock lock(mutex_);
  for (const auto& [vm_id, plugin] : plugins_) {
    all[vm_id] = {plugin.queues, plugin.items, plugin.bytes, plugin.refusals};
  }
  return all;
}

}  // namespace sallyport::wasm
