#pragma once
// One filter's place in the flow of a body. A filter that touches nothing lets what arrived pass.
// What a filter holds is kept here between its calls, up to a limit.

#include <cstddef>
#include <string>
#include <string_view>
#include <utility>

namespace sallyport::chain {

class BodyStage {
 public:
  explicit BodyStage(std::size_t limit) : limit_(limit) {}

  // For the chain: the next piece, before the filter is called.
  void arrive(std::string_view bytes, bool is_last) {
    arrived_ = bytes;
    is_last_ = is_last;
    decision_ = Decision::kPass;
    overflowed_ = false;
  }

  // For the filter:
  std::string_view arrived() const noexcept { return arrived_; }  // new bytes, valid during this call
  bool is_last() const noexcept { return is_last_; }              // nothing follows
  std::string& held() noexcept { return held_; }                  // kept from earlier calls
  std::size_t limit() const noexcept { return limit_; }

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

  // For the chain: whether the filter wanted to hold more than it may.
  bool overflowed() const noexcept { return overflowed_; }

  // For the chain: what goes on to the next filter. Valid until the next `arrive` or `outgoing`.
  std::string_view outgoing() {
    if (decision_ == Decision::kHold) return {};
    if (held_.empty()) return arrived_;
    held_.append(arrived_);
    sent_ = std::move(held_);
    held_.clear();
    return sent_;
  }

 private:
  enum class Decision { kPass, kHold };
  std::size_t limit_;
  std::string_view arrived_;
  std::string held_;
  std::string sent_;
  bool is_last_ = false;
  bool overflowed_ = false;
  Decision decision_ = Decision::kPass;
};

}  // namespace sallyport::chain
