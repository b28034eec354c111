#pragma once
// A map from strings to shared values. A copy of it shares everything and costs nothing; a change of one of them copies
// only what others share of the few nodes on the way to the key, so that the others stay as they are. Look-up hashes
// once and allocates nothing.

#include "route/copy_on_write.h"

#include <algorithm>
#include <bit>
#include <cstdint>
#include <functional>
#include <memory>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace sallyport::route {

template <class Value>
class HashTrie {
 public:
  using ValuePtr = std::shared_ptr<const Value>;

  bool empty() const noexcept { return !root_ || root_->slots.empty(); }

  // Whether they are copies of each other that have not changed since.
  friend bool operator==(const HashTrie& a, const HashTrie& b) noexcept { return a.root_ == b.root_; }

  // Null when there is no such key.
  const Value* find(std::string_view key) const noexcept {
    const Leaf* leaf = find_leaf(key);
    return leaf ? leaf->value.get() : nullptr;
  }
  ValuePtr share(std::string_view key) const noexcept {
    const Leaf* leaf = find_leaf(key);
    return leaf ? leaf->value : nullptr;
  }

  // Calls `visit(key, shared value)` for each key, in no order.
  template <class Visit>
  void for_each(Visit&& visit) const {
    if (root_) visit_all(*root_, visit);
  }

  // Lets `key` stand for `value`; null takes the key out.
  void set(std::string_view key, ValuePtr value) {
    put(root_, 0, std::make_shared<Leaf>(Leaf{hash_of(key), std::string(key), std::move(value)}));
  }
  // The map in which that is so.
  [[nodiscard]] HashTrie with(std::string_view key, ValuePtr value) const {
    HashTrie result = *this;
    result.set(key, std::move(value));
    return result;
  }

  // The value of `key` for changing it, a copy of it where others share it; null when there is no such key.
  Value* edit(std::string_view key) {
    if (!find_leaf(key)) return nullptr;
    const std::size_t hash = hash_of(key);
    NodePtr* at = &root_;
    for (unsigned shift = 0;; shift += kBits) {
      Node& node = owned(*at);
      Slot& slot = shift >= kHashBits ? *among(node, key) : node.slots[node.rank(part(hash, shift))];
      if (slot.leaf) return &owned(owned(slot.leaf).value);
      at = &slot.child;
    }
  }

 private:
  static constexpr unsigned kBits = 5;
  static constexpr unsigned kHashBits = sizeof(std::size_t) * 8;

  struct Node;
  struct Leaf {
    std::size_t hash;
    std::string key;
    ValuePtr value;
  };
  using LeafPtr = std::shared_ptr<const Leaf>;
  using NodePtr = std::shared_ptr<const Node>;

  struct Slot {  // one of both
    LeafPtr leaf;
    NodePtr child;
  };

  // `slots` holds one slot for each bit of `present`. Below the last bit of the hash it is a plain list of leaves.
  struct Node {
    std::uint32_t present = 0;
    std::vector<Slot> slots;

    std::size_t rank(unsigned index) const noexcept {
      return static_cast<std::size_t>(std::popcount(present & ((std::uint32_t{1} << index) - 1)));
    }
    const Slot* find(unsigned index) const noexcept {
      return (present >> index & 1) != 0 ? &slots[rank(index)] : nullptr;
    }
  };

  static std::size_t hash_of(std::string_view key) noexcept { return std::hash<std::string_view>{}(key); }
  static unsigned part(std::size_t hash, unsigned shift) noexcept { return (hash >> shift) & ((1u << kBits) - 1); }

  const Leaf* find_leaf(std::string_view key) const noexcept {
    if (!root_) return nullptr;
    const std::size_t hash = hash_of(key);
    const Node* node = root_.get();
    for (unsigned shift = 0; node; shift += kBits) {
      if (shift >= kHashBits) return find_among(*node, key);
      const Slot* slot = node->find(part(hash, shift));
      if (!slot) return nullptr;
      if (slot->leaf) return slot->leaf->hash == hash && slot->leaf->key == key ? slot->leaf.get() : nullptr;
      node = slot->child.get();
    }
    return nullptr;
  }

  static const Leaf* find_among(const Node& node, std::string_view key) noexcept {
    for (const Slot& slot : node.slots) {
      if (slot.leaf->key == key) return slot.leaf.get();
    }
    return nullptr;
  }
  static auto among(Node& node, std::string_view key) noexcept {
    return std::ranges::find_if(node.slots, [&](const Slot& slot) { return slot.leaf->key == key; });
  }

  template <class Visit>
  static void visit_all(const Node& node, Visit& visit) {
    for (const Slot& slot : node.slots) {
      if (slot.child) {
        visit_all(*slot.child, visit);
      } else {
        visit(std::string_view(slot.leaf->key), slot.leaf->value);
      }
    }
  }

  // Puts `leaf` into `node` (which may be null), or takes its key out when it has no value; null when nothing is left.
  static void put(NodePtr& node, unsigned shift, const LeafPtr& leaf) {
    Node& own = owned(node);
    if (shift >= kHashBits) {
      put_among(own, leaf);
    } else {
      put_into(own, shift, leaf);
    }
    if (own.slots.empty()) node = nullptr;
  }

  static void put_among(Node& node, const LeafPtr& leaf) {
    std::erase_if(node.slots, [&](const Slot& slot) { return slot.leaf->key == leaf->key; });
    if (leaf->value) node.slots.push_back({leaf, nullptr});
  }

  static void put_into(Node& node, unsigned shift, const LeafPtr& leaf) {
    const unsigned index = part(leaf->hash, shift);
    const std::size_t at = node.rank(index);
    if (!node.find(index)) {
      if (!leaf->value) return;
      node.present |= std::uint32_t{1} << index;
      node.slots.insert(node.slots.begin() + static_cast<std::ptrdiff_t>(at), Slot{leaf, nullptr});
      return;
    }
    Slot& slot = node.slots[at];
    if (slot.child) {
      put(slot.child, shift + kBits, leaf);
    } else if (slot.leaf->key == leaf->key) {
      slot.leaf = leaf->value ? leaf : nullptr;
    } else if (leaf->value) {
      put(slot.child, shift + kBits, std::exchange(slot.leaf, nullptr));
      put(slot.child, shift + kBits, leaf);
    }
    if (slot.leaf || slot.child) return;
    node.slots.erase(node.slots.begin() + static_cast<std::ptrdiff_t>(at));
    node.present &= ~(std::uint32_t{1} << index);
  }

  NodePtr root_;
};

}  // namespace sallyport::route
