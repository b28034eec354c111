#include "plugins/native/native_type.h"

namespace sallyport::plugins::native {
namespace {

constexpr std::string_view kSchema = R"({
  "type": "object",
  "properties": {
    "prefer_name": {"type": "boolean", "default": false}
  }
})";

// The gateway counts every exchange; a conf only says how routes and services are called in the series.
class Prometheus final : public Plugin {
 public:
  explicit Prometheus(bool prefer_name) : prefer_name_(prefer_name) {}
  PhaseSet phases() const override { return {Phase::kLog}; }

  Filter* make_filter(Exchange& exchange) const override {
    exchange.metrics_by_name = prefer_name_;
    return nullptr;
  }

 private:
  bool prefer_name_;
};

}  // namespace

NativeType make_prometheus_type() {
  auto make = [](const json::Value& conf) -> Result<PluginPtr> {
    return std::make_shared<const Prometheus>(conf.boolean_or("prefer_name", false));
  };
  return NativeType("prometheus", 500, kSchema, make, chain::RunPolicy::kPreferRoute);
}

}  // namespace sallyport::plugins::native
