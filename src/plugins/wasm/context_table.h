#pragma once
// The contexts of one Vm by their number. Numbers rise and are not used again soon: guests remember them beyond the end
// of an exchange, and must not meet another one under an old number. Belongs to the thread of its Vm.

#include "plugins/wasm/context.h"

#include <cstddef>
#include <cstdint>
#include <vector>

namespace sallyport::wasm {

class ContextTable {
 public:
  ContextTable() : entries_(64) {}

  // A number that is free, never 0.
  std::uint32_t add(Scope scope) {
    if (live_ * 2 >= entries_.size()) grow();
    do {
      ++last_;
    } while (last_ == 0 || at(last_).id != 0);
    at(last_) = {last_, scope};
    ++live_;
    return last_;
  }

  void remove(std::uint32_t id) {
    if (at(id).id != id || id == 0) return;
    at(id) = {};
    --live_;
  }

  const Scope* find(std::uint32_t id) const {
    const Entry& entry = entries_[id & (entries_.size() - 1)];
    return id != 0 && entry.id == id ? &entry.scope : nullptr;
  }

  std::size_t size() const noexcept { return live_; }

  // The next number is behind all that `earlier` has given.
  void continue_after(const ContextTable& earlier) noexcept { last_ = std::max(last_, earlier.last_); }

  // As it is when only `scope` has been added, with the number `id`.
  void begin_with(std::uint32_t id, Scope scope) {
    entries_.assign(entries_.size(), {});
    live_ = 1;
    at(id) = {id, scope};
    last_ = id;
  }

  template <class Visit>
  void for_each(Visit visit) const {
    for (const Entry& entry : entries_) {
      if (entry.id != 0) visit(entry.id, entry.scope);
    }
  }

 private:
  struct Entry {
    std::uint32_t id = 0;
    Scope scope;
  };

  // A number has one place, its lower bits; numbers whose place is taken are passed over.
  Entry& at(std::uint32_t id) { return entries_[id & (entries_.size() - 1)]; }

  void grow() {
    std::vector<Entry> old(entries_.size() * 2);
    old.swap(entries_);
    for (const Entry& entry : old) {
      if (entry.id != 0) at(entry.id) = entry;
    }
  }

  std::vector<Entry> entries_;
  std::size_t live_ = 0;
  std::uint32_t last_ = 0;
};

}  // namespace sallyport::wasm
