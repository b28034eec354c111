#include "async/received_bytes.h"

#include <algorithm>
#include <cstring>
#include <utility>

namespace sallyport::async {
namespace {

// Copying so many bytes costs less than holding a large buffer for them.
constexpr std::size_t kLittle = 4096;

}  // namespace

ReceivedBytes::~ReceivedBytes() {
  give_back(std::move(current_));
  for (Piece& piece : queued_) give_back(std::move(piece));
}

void ReceivedBytes::give_back(Piece piece) {
  if (piece.memory) pool_.put(std::move(piece.memory), piece.capacity);
}

void ReceivedBytes::consume(std::size_t bytes) {
  current_.begin += bytes;
  if (current_.begin == current_.end) give_back(std::exchange(current_, {}));
}

void ReceivedBytes::push(std::unique_ptr<char[]> buffer, std::size_t bytes) {
  if (has_queued() && bytes <= kLittle && queued_.back().capacity - queued_.back().end >= bytes) {
    Piece& last = queued_.back();
    std::memcpy(last.memory.get() + last.end, buffer.get(), bytes);
    last.end += bytes;
    pool_.put(std::move(buffer), pool_.large());
    return;
  }
  queued_.push_back({std::move(buffer), pool_.large(), 0, bytes});
}

bool ReceivedBytes::show_more() {
  if (!has_queued()) return false;
  Piece next = std::exchange(queued_[first_queued_++], {});
  if (!has_queued()) {
    queued_.clear();
    first_queued_ = 0;
  }
  if (current_.size() == 0) {
    current_ = std::move(next);
    return true;
  }
  std::size_t all = current_.size() + next.size();
  if (current_.capacity - current_.end < next.size()) {
    move_current(all <= pool_.large() ? pool_.large() : std::max(all, 2 * current_.capacity));
  }
  std::memcpy(current_.memory.get() + current_.end, next.memory.get() + next.begin, next.size());
  current_.end += next.size();
  give_back(std::move(next));
  return true;
}

void ReceivedBytes::keep_in_little() {
  if (current_.capacity > pool_.small() && current_.size() <= kLittle) move_current(pool_.small());
}

void ReceivedBytes::move_current(std::size_t capacity) {
  auto memory = pool_.get(capacity);
  std::memcpy(memory.get(), current_.memory.get() + current_.begin, current_.size());
  pool_.put(std::exchange(current_.memory, std::move(memory)), current_.capacity);
  current_.capacity = capacity;
  current_.end -= std::exchange(current_.begin, 0);
}

}  // namespace sallyport::async
