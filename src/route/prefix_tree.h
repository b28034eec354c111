#pragma once
// A radix tree from prefixes to shared values that is never changed: `with` gives a new tree, which copies only the
// nodes on the way to the key. A text is looked up by visiting the values of all its prefixes, longest first.

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

  // The tree with `key` standing for `value`; null takes the key out.
  [[nodiscard]] PrefixTree with(std::string_view key, ValuePtr value) const {
    PrefixTree result;
    result.root_ = put(root_ ? *root_ : Node{}, key, std::move(value), Place::kRoot);
    return result;
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

  // The node that replaces `node` when the rest `key` below it gets `value`; null when nothing is left of it.
  static NodePtr put(Node node, std::string_view key, ValuePtr value, Place place) {
    if (key.empty()) {
      node.value = std::move(value);
    } else {
      put_below(node, key, std::move(value));
    }
    if (!node.value && node.children.empty()) return nullptr;
    if (place == Place::kInner && !node.value && node.children.size() == 1) {
      Node joined = *node.children.front();
      joined.label = node.label + joined.label;
      return std::make_shared<const Node>(std::move(joined));
    }
    return std::make_shared<const Node>(std::move(node));
  }

  static void put_below(Node& node, std::string_view key, ValuePtr value) {
    auto at = std::lower_bound(node.children.begin(), node.children.end(), key.front(), Node::before);
    if (at == node.children.end() || (*at)->label.front() != key.front()) {
      if (value) node.children.insert(at, std::make_shared<const Node>(Node{std::string(key), std::move(value), {}}));
      return;
    }
    const Node& child = **at;
    const auto common = static_cast<std::size_t>(
        std::mismatch(key.begin(), key.end(), child.label.begin(), child.label.end()).first - key.begin());
    NodePtr changed;
    if (common == child.label.size()) {
      changed = put(child, key.substr(common), std::move(value), Place::kInner);
    } else {
      if (!value) return;
      changed = put(split(child, common), key.substr(common), std::move(value), Place::kInner);
    }
    if (changed) {
      *at = std::move(changed);
    } else {
      node.children.erase(at);
    }
  }

  // A node for the first `size` bytes of the label of `child`, with the rest of it below.
  static Node split(const Node& child, std::size_t size) {
    Node rest = child;
    rest.label = child.label.substr(size);
    Node upper{child.label.substr(0, size), nullptr, {}};
    upper.children.push_back(std::make_shared<const Node>(std::move(rest)));
    return upper;
  }

  NodePtr root_;
};

}  // namespace sallyport::route
