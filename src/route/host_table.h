#pragma once
// The routes that ask for a host: exact hosts first, then wildcards from the longest suffix to the shortest. A
// copy shares what does not change.

#include "route/hash_trie.h"
#include "route/path_table.h"
#include "route/prefix_tree.h"

#include <string>

namespace sallyport::route {

class HostTable {
 public:
  void put(const RouteEntryPtr& entry);
  void take_out(const RouteEntryPtr& entry);
  // `now`, of the same rule and order, in the place of `before`.
  void replace(const RouteEntryPtr& before, const RouteEntryPtr& now);

  struct Found {
    const Candidate* candidate = nullptr;
    std::string_view host;  // as the route has it
  };
  // The first candidate under any host that the request is for.
  Found match(Inquiry& inquiry) const;

 private:
  // The routes of one host, with its text as the routes have it.
  struct Host {
    std::string text;
    PathTable paths;
  };
  template <class Change>
  void change(const HostPattern& pattern, Change&& apply);
  void set(const HostPattern& pattern, std::string_view key, std::shared_ptr<const Host> host);
  Found match_exact(Inquiry& inquiry, std::string_view host) const;
  Found match_wildcard(Inquiry& inquiry, std::string_view host) const;

  HashTrie<Host> exact_;
  PrefixTree<Host> wildcards_;  // by suffixes, reversed
  std::size_t with_colon_ = 0;  // how many of the hosts may have a port
};

}  // namespace sallyport::route
