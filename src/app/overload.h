#pragma once
// Notices when memory, descriptors or time run short, and says what is to be done about it. Belongs to the control
// thread; requests do not ask it, workers are told when something changes.

#include "app/settings.h"
#include "async/reactor.h"
#include "proxy/proxy.h"
#include "telemetry/exposition.h"

#include <cstdint>
#include <functional>
#include <memory>
#include <string_view>

namespace sallyport::app {

// How much there is of something, and how much of it is in use.
struct Usage {
  std::uint64_t used = 0;
  std::uint64_t most = 0;  // 0: no limit is known

  double share() const { return most == 0 ? 0 : static_cast<double>(used) / static_cast<double>(most); }
};

struct Usages {
  Usage memory;       // resident bytes
  Usage descriptors;  // open ones
  Usage busy;         // connections with a request under way
};

// What is scarcest, for the log and the decision.
struct Scarcity {
  std::string_view what;
  double share = 0;
};
Scarcity scarcest(const Usages& usages);

// A load is reached at its share of what there is, and left when so much of it has come free as `recover` says.
proxy::Load next_load(proxy::Load now, double share, const OverloadSettings& thresholds);

// Of this process. Memory is limited by the settings, or by its cgroup (version 2) and those above.
Usages read_usages(const OverloadSettings& settings, std::uint64_t busy);

class Overload final {
 public:
  using CountBusy = std::function<std::uint64_t()>;
  using Tell = std::function<void(proxy::Load)>;

  Overload(async::Reactor& control, const OverloadSettings& settings, CountBusy count_busy, Tell tell);
  Overload(const Overload&) = delete;
  Overload& operator=(const Overload&) = delete;

  proxy::Load load() const noexcept { return load_; }
  void tell_about(telemetry::ProcessFacts& facts) const;

 private:
  void look();

  const OverloadSettings settings_;
  CountBusy count_busy_;
  Tell tell_;
  proxy::Load load_ = proxy::Load::kNormal;
  Usages usages_;
  std::unique_ptr<async::Timer> timer_;
};

}  // namespace sallyport::app
