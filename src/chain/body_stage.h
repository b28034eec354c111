#pragma once
// One filter's place in the flow of a body. A filter that touches nothing lets what arrived pass.
// What a filter holds is kept here between its calls, up to a limit. Belongs to its exchange, as does its filter.

#include "async/event.h"

#include <cstddef>
#include <string>
#include <string_view>
#include <utility>

namespace sallyport::chain {

class BodyStage {
 public:
  // `resumed` is set when the filter is to be called again; it outlives the stage. Null: nobody looks.
  explicit BodyStage(std::size_t limit, async::Event* resumed = nullptr) : limit_(limit), signal_(resumed) {}

  // For the chain: the next piece, before the filter is called; an empty one that is not the last where there is none.
  void arrive(std::string_view bytes, bool is_last) {
    arrived_ = bytes;
    is_last_ = is_last;
    decision_ = Decision::kPass;
    overflowed_ = false;
    released_ = false;
    resumed_ = false;
  }

  // For the filter:
  // New bytes, valid during this call; none of a piece that is not the last: the filter was resumed.
  std::string_view arrived() const noexcept { return arrived_; }
  bool is_last() const noexcept { return is_last_; }  // nothing follows
  std::string& held() noexcept { return held_; }      // kept from earlier calls
  std::size_t limit() const noexcept { return limit_; }
  void set_limit(std::size_t limit) noexcept { limit_ = limit; }

  // Keeps what arrived together with what is held; nothing goes on now. False: over the limit, and the chain answers
  // 413 for a request, 500 for a response, whatever the filter does next.
  bool hold() {
    if (held_.size() + arrived_.size() > limit_) {
      overflowed_ = true;
      return false;
    }
    held_.append(arrived_);
    arrived_ = {};
    decision_ = Decision::kHold;
    return true;
  }
  // What is held, then what arrived, goes on. This is the default.
  void pass() noexcept { decision_ = Decision::kPass; }
  // `bytes` go on in place of everything held and arrived.
  void replace(std::string bytes) {
    held_ = std::move(bytes);
    arrived_ = {};
    decision_ = Decision::kPass;
  }
  // What arrived is dropped; what is held stays held.
  void drop() noexcept {
    arrived_ = {};
    decision_ = Decision::kHold;
  }

  // What is held goes on, whatever becomes of what arrived.
  void release() {
    sent_ = std::move(held_);
    held_.clear();
    released_ = true;
  }

  // For whoever ends the wait of a filter that held when it was last called: it is called again, at once if nothing
  // else is under way in this body, else with the next piece at the latest. Without effect where nothing is held. The
  // exchange may have ended when this returns; not to be called once it has been logged.
  void resume() {
    if (decision_ != Decision::kHold) return;
    resumed_ = true;
    if (signal_) signal_->set();
  }

  // For the chain: whether the filter wanted to hold more than it may, whether it holds, whether it is to be called
  // again.
  bool overflowed() const noexcept { return overflowed_; }
  bool is_holding() const noexcept { return decision_ == Decision::kHold; }
  bool is_resumed() const noexcept { return resumed_; }

  // For the chain: what goes on to the next filter. Valid until the next `arrive` or `outgoing`.
  std::string_view outgoing() {
    if (released_) return outgoing_behind_released();
    if (decision_ == Decision::kHold) return {};
    if (held_.empty()) return arrived_;
    held_.append(arrived_);
    sent_ = std::move(held_);
    held_.clear();
    return sent_;
  }

 private:
  enum class Decision { kPass, kHold };

  std::string_view outgoing_behind_released() {
    released_ = false;
    if (decision_ == Decision::kPass) {
      sent_.append(held_).append(arrived_);
      held_.clear();
    }
    return sent_;
  }

  std::size_t limit_;
  async::Event* signal_;
  std::string_view arrived_;
  std::string held_;
  std::string sent_;
  bool is_last_ = false;
  bool overflowed_ = false;
  bool released_ = false;  // `sent_` has what goes on first
  bool resumed_ = false;
  Decision decision_ = Decision::kPass;
};

}  // namespace sallyport::chain
