#pragma once
// Tries confs in VMs that nobody else sees. One in which a conf went well is kept for the next ones of its kind, so
// that thousands of routes do not start thousands of VMs; what is refused there is tried once more in a fresh one,
// which alone decides. Belongs to one thread at a time.

#include "base/result.h"
#include "plugins/wasm/vm.h"

#include <chrono>
#include <cstddef>
#include <list>
#include <memory>
#include <string>

namespace sallyport::wasm {

// What starting and configuring cost in CPU time.
struct TrialCosts {
  std::chrono::nanoseconds start{0};
  std::chrono::nanoseconds configure{0};
};

class TrialVms {
 public:
  static constexpr std::size_t kMostKept = 4;

  // `kind` is equal where VMs are interchangeable. Error: kInvalid with the reason; what it logged is written.
  Result<TrialCosts> try_out(const std::string& kind, std::shared_ptr<const VmSpec> spec, const RootConf& conf);
  // Ends those that are kept.
  void clear() noexcept { kept_.clear(); }
  std::size_t kept() const noexcept { return kept_.size(); }

 private:
  struct Trial {
    std::string kind;
    std::unique_ptr<Vm> vm;
    std::chrono::nanoseconds start_cost{0};
    RootContext* root = nullptr;  // of the conf before, which ends when another follows
  };
  static Result<Trial> start(const std::string& kind, std::shared_ptr<const VmSpec> spec);
  static Result<TrialCosts> configure(Trial& trial, const RootConf& conf);
  void keep(Trial trial);

  std::list<Trial> kept_;  // the one used last is at the front
};

}  // namespace sallyport::wasm
