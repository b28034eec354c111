#include "plugins/wasm/tiered_engine.h"

#include "base/log.h"

#include <mutex>
#include <string>
#include <utility>
#include <vector>

namespace sallyport::wasm {
namespace {

class TieredModule final : public CompiledModule {
 public:
  explicit TieredModule(std::shared_ptr<const CompiledModule> quick)
      : code_bytes_(quick->code_bytes()), code_(std::move(quick)) {}

  std::unique_ptr<Instance> make_instance(const InstanceLimits& limits, void* host) const override {
    return latest()->make_instance(limits, host);
  }
  std::shared_ptr<const CompiledModule> latest() const override {
    std::lock_guard lock(mutex_);
    return code_;
  }
  // Of the first tier, which is the larger one: it must not change while somebody adds it up.
  std::size_t code_bytes() const override { return code_bytes_; }
  Result<std::string> save() const override { return latest()->save(); }

  // What was used until now goes with the last instance of it.
  void replace(std::shared_ptr<const CompiledModule> optimised) const {
    std::lock_guard lock(mutex_);
    code_.swap(optimised);
  }

 private:
  const std::size_t code_bytes_;
  mutable std::mutex mutex_;  // taken where an instance is made, not in the request path
  mutable std::shared_ptr<const CompiledModule> code_;
};

class TieredEngine final : public Engine {
 public:
  explicit TieredEngine(Tiers tiers) : tiers_(std::make_shared<const Tiers>(std::move(tiers))) {}

  Result<std::shared_ptr<const CompiledModule>> compile(std::string_view bytes, std::span<const Import> imports,
                                                        std::span<const Sequence> sequences) override {
    if (bytes.size() < kSmallestTiered) return tiers_->at_once->compile(bytes, imports, sequences);
    if (auto known = find(bytes, imports, sequences)) return known;
    auto quick = tiers_->quick->compile(bytes, imports, sequences);
    if (!quick) return tiers_->at_once->compile(bytes, imports, sequences);
    auto module = std::make_shared<const TieredModule>(std::move(*quick));
    optimise_later(module, bytes, imports, sequences);
    return module;
  }
  std::shared_ptr<const CompiledModule> find(std::string_view bytes, std::span<const Import> imports,
                                             std::span<const Sequence> sequences) override {
    return tiers_->at_once->find(bytes, imports, sequences);
  }
  Result<std::shared_ptr<const CompiledModule>> load(std::string_view saved, std::span<const Import> imports,
                                                     std::span<const Sequence> sequences) override {
    return tiers_->at_once->load(saved, imports, sequences);
  }
  std::string fingerprint() const override { return tiers_->at_once->fingerprint(); }
  Result<std::string> assemble(std::string_view text) override { return tiers_->at_once->assemble(text); }

 private:
  // A module that is gone by then is not optimised.
  void optimise_later(const std::shared_ptr<const TieredModule>& module, std::string_view bytes,
                      std::span<const Import> imports, std::span<const Sequence> sequences) {
    const auto begun = std::chrono::steady_clock::now();
    tiers_->later([tiers = tiers_, weak = std::weak_ptr(module), begun, code = std::string(bytes), imports,
                   steps = std::vector<Sequence>(sequences.begin(), sequences.end())] {
      if (weak.expired()) return;
      auto optimised = tiers->optimising->compile(code, imports, steps);
      auto module = weak.lock();
      if (!module) return;
      if (!optimised) return log::warn("a module stays with the code of the first tier: {}", optimised.error().what);
      module->replace(std::move(*optimised));
      tiers->done(module, std::chrono::steady_clock::now() - begun);
    });
  }

  std::shared_ptr<const Tiers> tiers_;
};

}  // namespace

std::shared_ptr<Engine> with_first_tier(Tiers tiers) { return std::make_shared<TieredEngine>(std::move(tiers)); }

}  // namespace sallyport::wasm
