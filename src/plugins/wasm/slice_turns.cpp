#include "plugins/wasm/slice_turns.h"

#include <utility>

namespace sallyport::wasm {

void SliceTurns::join(Place& place) {
  place.is_waiting_ = true;
  place.previous_ = last_;
  (last_ ? last_->next_ : first_) = &place;
  last_ = &place;
  ++waiting_;
  come_back();
}

void SliceTurns::leave(Place& place) noexcept {
  place.is_waiting_ = false;
  (place.previous_ ? place.previous_->next_ : first_) = place.next_;
  (place.next_ ? place.next_->previous_ : last_) = place.previous_;
  place.previous_ = place.next_ = nullptr;
  --waiting_;
}

void SliceTurns::come_back() {
  if (std::exchange(comes_back_, true)) return;
  worker_([weak = weak_from_this()] {
    if (auto self = weak.lock()) self->run_first();
  });
}

void SliceTurns::run_first() {
  comes_back_ = false;
  if (!first_) return;
  Place& place = *first_;
  leave(place);
  if (first_) come_back();
  place.waiting_.resume();
}

}  // namespace sallyport::wasm
