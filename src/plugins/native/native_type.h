#pragma once
// A PluginType whose conf is ready at once: a name, a priority, a schema and a function. Immutable.

#include "chain/plugin.h"

#include <string_view>
#include <utility>

namespace sallyport::plugins::native {

using chain::Exchange;
using chain::Filter;
using chain::Phase;
using chain::PhaseSet;
using chain::Plugin;
using chain::PluginPtr;
using chain::Task;
using chain::Verdict;

class NativeType final : public chain::PluginType {
 public:
  // `conf` fits the schema and has its defaults. Error: kInvalid.
  using Make = Result<PluginPtr> (*)(const json::Value& conf);

  NativeType(std::string_view name, int priority, std::string_view schema, Make make,
             chain::RunPolicy run_policy = chain::RunPolicy::kBoth)
      : name_(name),
        priority_(priority),
        schema_(json::Schema::must_compile(schema)),
        make_(make),
        run_policy_(run_policy) {}

  std::string_view name() const override { return name_; }
  int priority() const override { return priority_; }
  chain::RunPolicy run_policy() const override { return run_policy_; }
  const json::Schema& schema() const override { return schema_; }
  Task<Result<PluginPtr>> configure(const json::Value& conf, const chain::Place&) const override { return make_(conf); }

 private:
  std::string_view name_;
  int priority_;
  json::Schema schema_;
  Make make_;
  chain::RunPolicy run_policy_;
};

}  // namespace sallyport::plugins::native
