#pragma once
// Name lookup in a simulation: a name has several addresses of which some are told, at some time, or it fails, and the
// next time it may be otherwise. No part of the product.

#include "async/resolver.h"
#include "async/simulated_reactor_fixture.h"

#include <chrono>
#include <map>
#include <string>
#include <utility>
#include <vector>

namespace sallyport::async {

class SimulatedResolver final : public Resolver {
 public:
  using Answer = Result<std::vector<ResolvedAddress>>;

  explicit SimulatedResolver(SimulatedReactor& reactor) : reactor_(reactor) {}

  std::map<std::string, std::vector<Address>> names;
  std::size_t percent_failing = 0;
  Milliseconds slowest{0};
  std::size_t under_way = 0;

  Task<Answer> lookup(std::string name, Milliseconds timeout) override {
    Counting counting(under_way);
    SeededChance& chance = reactor_.loop.chance;
    const Milliseconds takes(
        static_cast<Milliseconds::rep>(chance.between(1, 1 + static_cast<std::size_t>(slowest.count()))));
    Reactor::Sleep wait = reactor_.sleep(std::min(takes, timeout));
    co_await wait;
    reactor_.loop.note("name", name.size());
    if (takes >= timeout) co_return fail(ErrorCode::kTimeout, "no answer about " + name);
    auto known = names.find(name);
    if (known == names.end()) co_return fail(ErrorCode::kNotFound, "no such name: " + name);
    if (chance.percent(percent_failing)) {
      co_return fail(chance.of({ErrorCode::kNotFound, ErrorCode::kUnavailable, ErrorCode::kTimeout}), "no answer");
    }
    co_return some_of(known->second);
  }

 private:
  struct Counting {
    explicit Counting(std::size_t& of) : count(of) { ++count; }
    Counting(const Counting&) = delete;
    Counting& operator=(const Counting&) = delete;
    ~Counting() { --count; }
    std::size_t& count;
  };

  std::vector<ResolvedAddress> some_of(const std::vector<Address>& all) {
    SeededChance& chance = reactor_.loop.chance;
    const std::size_t sure = chance.below(all.size());
    std::vector<ResolvedAddress> some;
    for (std::size_t i = 0; i < all.size(); ++i) {
      if (i == sure || chance.one_in(2)) some.push_back({all[i], std::chrono::seconds(chance.below(4))});
    }
    return some;
  }

  SimulatedReactor& reactor_;
};

}  // namespace sallyport::async
