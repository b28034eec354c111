#pragma once
// A radix tree from prefixes to shared values. A copy of it shares everything and costs nothing; a change of one of
// them copies only what others share of the nodes on the way to the key, so that the others stay as they are. A text is
// looked up by visiting the values of all its prefixes, longest first.

#include "route/copy_on_write.h"

#include <algorithm>
#include <memory>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace sallyport::route {

template <class Value>
class PrefixTree {
 public:
  using ValuePtr = std::shared_ptr<const Value>;

  bool empty() const noexcept { return !root_; }

  // The value of exactly this key, or null.
  const Value* find(std::string_view key) const noexcept {
    const Node* node = root_.get();
    while (node && !key.empty()) {
      node = node->child_for(key.front());
      if (!node || !key.starts_with(node->label)) return nullptr;
      key.remove_prefix(node->label.size());
    }
    return node ? node->value.get() : nullptr;
  }

  // Calls `visit` with the value of each key that `text` begins with, the longest key first, until it returns true.
  template <class Visit>
  bool visit_longest_first(std::string_view text, Visit&& visit) const {
    return root_ && walk(*root_, text, visit);
  }

  // Lets `key` stand for `value`; null takes the key out.
  void set(std::string_view key, ValuePtr value) { put(root_, key, std::move(value), Place::kRoot); }

  // The value of `key` for changing it, a copy of it where others share it; null when there is no such key.
  Value* edit(std::string_view key) {
    if (!find(key)) return nullptr;
    NodePtr* at = &root_;
    for (;;) {
      Node& node = owned(*at);
      if (key.empty()) return &owned(node.value);
      at = &*std::lower_bound(node.children.begin(), node.children.end(), key.front(), Node::before);
      key.remove_prefix((*at)->label.size());
    }
  }

 private:
  struct Node;
  using NodePtr = std::shared_ptr<const Node>;
  enum class Place { kRoot, kInner };

  struct Node {
    std::string label;  // of the edge that leads here; empty only for the root
    ValuePtr value;
    std::vector<NodePtr> children;  // by the first byte of their labels

    static bool before(const NodePtr& node, char first) { return node->label.front() < first; }
    const Node* child_for(char first) const noexcept {
      auto at = std::lower_bound(children.begin(), children.end(), first, before);
      return at != children.end() && (*at)->label.front() == first ? at->get() : nullptr;
    }
  };

  template <class Visit>
  static bool walk(const Node& node, std::string_view text, Visit& visit) {
    if (!text.empty()) {
      const Node* child = node.child_for(text.front());
      if (child && text.starts_with(child->label) && walk(*child, text.substr(child->label.size()), visit)) return true;
    }
    return node.value && visit(*node.value);
  }

  // Lets the rest `key` below `node` stand for `value`; null when nothing is left of the node.
  static void put(NodePtr& node, std::string_view key, ValuePtr value, Place place) {
    Node& own = owned(node);
    if (key.empty()) {
      own.value = std::move(value);
    } else {
      put_below(own, key, std::move(value));
    }
    if (!own.value && own.children.empty()) {
      node = nullptr;
    } else if (place == Place::kInner && !own.value && own.children.size() == 1) {
      NodePtr only = std::move(own.children.front());
      std::string label = own.label + only->label;
      owned(only).label = std::move(label);
      node = std::move(only);
    }
  }

  static void put_below(Node& node, std::string_view key, ValuePtr value) {
    auto at = std::lower_bound(node.children.begin(), node.children.end(), key.front(), Node::before);
    if (at == node.children.end() || (*at)->label.front() != key.front()) {
      if (value) node.children.insert(at, std::make_shared<Node>(Node{std::string(key), std::move(value), {}}));
      return;
    }
    NodePtr& child = *at;
    const std::string& label = child->label;
    const auto common =
        static_cast<std::size_t>(std::mismatch(key.begin(), key.end(), label.begin(), label.end()).first - key.begin());
    if (common < label.size()) {
      if (!value) return;
      child = split(std::move(child), common);
    }
    put(child, key.substr(common), std::move(value), Place::kInner);
    if (!child) node.children.erase(at);
  }

  // A node for the first `size` bytes of the label of `child`, with the rest of it below.
  static NodePtr split(NodePtr child, std::size_t size) {
    Node upper{child->label.substr(0, size), nullptr, {}};
    owned(child).label.erase(0, size);
    upper.children.push_back(std::move(child));
    return std::make_shared<Node>(std::move(upper));
  }

  NodePtr root_;
};

}  // namespace sallyport::route
