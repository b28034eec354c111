#pragma once
// The routes that ask for a host: exact hosts first, then wildcards from the longest suffix to the shortest. Immutable.

#include "route/hash_trie.h"
#include "route/path_table.h"
#include "route/prefix_tree.h"

#include <string>

namespace sallyport::route {

class HostTable {
 public:
  [[nodiscard]] HostTable with(const RouteEntryPtr& entry) const;
  [[nodiscard]] HostTable without(const RouteEntryPtr& entry) const;

  // The first candidate under any host that the request is for, or null. Sets `exchange.matched.host`.
  const Candidate* match(Inquiry& inquiry) const;

 private:
  // The routes of one host, with its text for `matched.host`.
  struct Host {
    std::string text;
    PathTable paths;
  };
  template <class Change>
  void change(const HostPattern& pattern, Change&& apply);
  const Candidate* match(Inquiry& inquiry, std::string_view host) const;

  HashTrie<Host> exact_;
  PrefixTree<Host> wildcards_;  // by suffixes, reversed
  std::size_t with_colon_ = 0;  // how many entries are compared with the Host header as sent
};

}  // namespace sallyport::route
