#include "plugins/wasm/cached_engine.h"

#include "base/log.h"
#include "base/sha256.h"

#include <utility>

namespace sallyport::wasm {
namespace {

class CachedEngine final : public Engine {
 public:
  CachedEngine(std::shared_ptr<Engine> engine, std::shared_ptr<CodeCache> cache)
      : engine_(std::move(engine)), cache_(std::move(cache)), fingerprint_(engine_->fingerprint()) {}

  Result<std::shared_ptr<const CompiledModule>> compile(std::string_view bytes, std::span<const Import> imports,
                                                        std::span<const Sequence> sequences) override {
    if (auto found = find(bytes, imports, sequences)) return found;
    const std::string name = name_of(bytes, sequences);
    TRY(std::shared_ptr<const CompiledModule> compiled, engine_->compile(bytes, imports, sequences));
    if (auto saved = compiled->save()) {
      cache_->keep(name, *saved);
    } else {
      log::warn("compiled code cannot be kept: {}", saved.error().what);
    }
    return compiled;
  }

  std::shared_ptr<const CompiledModule> find(std::string_view bytes, std::span<const Import> imports,
                                             std::span<const Sequence> sequences) override {
    auto saved = cache_->find(name_of(bytes, sequences));
    if (!saved) return nullptr;
    auto loaded = engine_->load(*saved, imports, sequences);
    return loaded ? std::move(*loaded) : nullptr;
  }

  Result<std::shared_ptr<const CompiledModule>> load(std::string_view saved, std::span<const Import> imports,
                                                     std::span<const Sequence> sequences) override {
    return engine_->load(saved, imports, sequences);
  }
  std::string fingerprint() const override { return fingerprint_; }
  Result<std::string> assemble(std::string_view text) override { return engine_->assemble(text); }

 private:
  std::string name_of(std::string_view bytes, std::span<const Sequence> sequences) const {
    return sha256_hex(sha256_hex(bytes) + sequence_module(sequences) + fingerprint_);
  }

  std::shared_ptr<Engine> engine_;
  std::shared_ptr<CodeCache> cache_;
  std::string fingerprint_;
};

}  // namespace

std::shared_ptr<Engine> with_cache(std::shared_ptr<Engine> engine, std::shared_ptr<CodeCache> cache) {
  return std::make_shared<CachedEngine>(std::move(engine), std::move(cache));
}

}  // namespace sallyport::wasm
