#include "plugins/wasm/failed_plugin.h"

#include <memory>

namespace sallyport::wasm {
namespace {

class FailedFilter final : public chain::Filter {
 public:
  explicit FailedFilter(const Error& why) : why_(why) {}
  async::Task<chain::Verdict> rewrite(exchange::Exchange&) override { return chain::Verdict::failed(why_); }
  async::Task<chain::Verdict> access(exchange::Exchange&) override { return chain::Verdict::failed(why_); }

 private:
  const Error& why_;
};

class FailedPlugin final : public chain::Plugin {
 public:
  FailedPlugin(PluginPolicy policy, Error why) : policy_(policy), why_(std::move(why)) {}

  chain::PhaseSet phases() const override {
    if (policy_.on_failure == OnFailure::kPass) return {};
    return {policy_.request_phase == RequestPhase::kRewrite ? chain::Phase::kRewrite : chain::Phase::kAccess};
  }
  chain::Filter* make_filter(exchange::Exchange& exchange) const override {
    return &exchange.arena.make<FailedFilter>(why_);
  }

 private:
  PluginPolicy policy_;
  Error why_;
};

}  // namespace

const json::Schema& FailedPluginType::schema() const {
  static const json::Schema schema = json::Schema::must_compile(R"({"type": "object"})");
  return schema;
}

async::Task<Result<chain::PluginPtr>> FailedPluginType::configure(const json::Value&, const chain::Place&) const {
  return Result<chain::PluginPtr>(std::make_shared<const FailedPlugin>(plugin_.settings.policy, why_));
}

}  // namespace sallyport::wasm
