#pragma once
// The addresses of host names as one worker knows them. A name is looked up when it is first used and again when its
// answer has run out, once at a time however many exchanges want it; while a lookup fails, the last good answer stays.

#include "async/address.h"
#include "async/event.h"
#include "async/resolver.h"
#include "async/task_group.h"
#include "base/clock.h"
#include "base/result.h"

#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <unordered_map>
#include <vector>

namespace sallyport::async {
class Reactor;
}

namespace sallyport::upstream {

class Names;

// One name; shared by every cluster that uses it.
class Name final {
 public:
  explicit Name(std::string host) : host_(std::move(host)) {}

  const std::string& host() const noexcept { return host_; }
  const std::vector<async::Address>& addresses() const noexcept { return addresses_; }  // port 0
  // Grows whenever the addresses change; 0: none so far.
  std::uint64_t version() const noexcept { return version_; }
  // Of the last lookup, when it failed.
  const std::optional<Error>& error() const noexcept { return error_; }
  // Whether no lookup has ended yet.
  bool is_pending() const noexcept { return !ended_; }

 private:
  friend class Names;
  std::string host_;
  std::vector<async::Address> addresses_;
  std::uint64_t version_ = 0;
  std::optional<Error> error_;
  bool ended_ = false;
  bool under_way_ = false;
  SteadyTime valid_until_{};
  std::vector<std::shared_ptr<async::Event>> waiting_;
};

using NamePtr = std::shared_ptr<Name>;

class Names final {
 public:
  // An answer is kept as long as it says, at least a second; or always for `valid`, when that is not 0.
  Names(async::Reactor& reactor, async::Resolver& resolver, Milliseconds timeout, Milliseconds valid);
  Names(const Names&) = delete;
  Names& operator=(const Names&) = delete;

  NamePtr use(const std::string& host);
  // Begins a lookup unless the answer is still good or one is under way.
  void keep_fresh(const NamePtr& name);
  // Ends with the next lookup of any of the names. Each of them is pending and kept fresh.
  async::Task<void> next_answer(std::vector<NamePtr> names);

 private:
  async::Task<void> look_up(NamePtr name);
  void note_failure(Name& name, Error error);
  void take(Name& name, Result<std::vector<async::ResolvedAddress>> answer);

  async::Reactor& reactor_;
  async::Resolver& resolver_;
  Milliseconds timeout_;
  Milliseconds valid_;
  std::unordered_map<std::string, std::weak_ptr<Name>> names_;
  async::TaskGroup lookups_;
};

}  // namespace sallyport::upstream
