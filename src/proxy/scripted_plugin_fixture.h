#pragma once
// Plugins whose filters do what a function of the test says, and which count how their filters live. No part of the
// product.

#include "chain/plugin.h"

#include <functional>
#include <map>
#include <memory>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace sallyport::proxy {

using chain::BodyStage;
using chain::Phase;
using chain::PhaseSet;
using chain::Verdict;

struct Script {
  static constexpr PhaseSet kEveryPhase{Phase::kRewrite,      Phase::kAccess,           Phase::kBeforeProxy,
                                        Phase::kRequestBody,  Phase::kRequestTrailers,  Phase::kResponseHeaders,
                                        Phase::kResponseBody, Phase::kResponseTrailers, Phase::kLog};
  using Act = std::function<async::Task<Verdict>(Phase, exchange::Exchange&, BodyStage*)>;

  PhaseSet phases = kEveryPhase;
  bool edits_request_body = false;
  bool edits_response_body = false;
  Act act;                                         // absent: proceed
  std::function<async::Task<void>()> rest_of_log;  // which `act` asks for

  std::vector<std::string> calls = {};
  int filters_made = 0;
  int filters_ended = 0;
  int logged = 0;
};

class ScriptedFilter final : public chain::Filter {
 public:
  explicit ScriptedFilter(Script& script) : script_(script) { ++script_.filters_made; }
  ~ScriptedFilter() override { ++script_.filters_ended; }
  ScriptedFilter(const ScriptedFilter&) = delete;
  ScriptedFilter& operator=(const ScriptedFilter&) = delete;

  using Task = async::Task<Verdict>;
  Task rewrite(exchange::Exchange& of) override { return act("rewrite", Phase::kRewrite, of); }
  Task access(exchange::Exchange& of) override { return act("access", Phase::kAccess, of); }
  Task before_proxy(exchange::Exchange& of) override { return act("before_proxy", Phase::kBeforeProxy, of); }
  Task request_body(exchange::Exchange& of, BodyStage& stage) override {
    return act("request_body", Phase::kRequestBody, of, &stage);
  }
  Task request_trailers(exchange::Exchange& of) override {
    return act("request_trailers", Phase::kRequestTrailers, of);
  }
  Task response_headers(exchange::Exchange& of) override {
    return act("response_headers", Phase::kResponseHeaders, of);
  }
  Task response_body(exchange::Exchange& of, BodyStage& stage) override {
    return act("response_body", Phase::kResponseBody, of, &stage);
  }
  Task response_trailers(exchange::Exchange& of) override {
    return act("response_trailers", Phase::kResponseTrailers, of);
  }
  void log(const exchange::Exchange&) noexcept override {
    script_.calls.push_back("log");
    ++script_.logged;
  }
  async::Task<void> rest_of_log(const exchange::Exchange&) override {
    return script_.rest_of_log ? script_.rest_of_log() : async::Task<void>();
  }

 private:
  Task act(std::string name, Phase phase, exchange::Exchange& of, BodyStage* stage = nullptr) {
    script_.calls.push_back(std::move(name));
    if (!script_.act) return Verdict::proceed();
    return script_.act(phase, of, stage);
  }
  Script& script_;
};

class ScriptedPlugin final : public chain::Plugin {
 public:
  explicit ScriptedPlugin(Script& script) : script_(script) {}
  PhaseSet phases() const override { return script_.phases; }
  chain::Filter* make_filter(exchange::Exchange& of) const override { return &of.arena.make<ScriptedFilter>(script_); }
  bool edits_request_body() const override { return script_.edits_request_body; }
  bool edits_response_body() const override { return script_.edits_response_body; }

 private:
  Script& script_;
};

// The name of the plugin is that of its script.
class ScriptedType final : public chain::PluginType {
 public:
  ScriptedType(std::string name, int priority, Script& script)
      : name_(std::move(name)), priority_(priority), script_(script) {}
  std::string_view name() const override { return name_; }
  int priority() const override { return priority_; }
  const json::Schema& schema() const override {
    static const json::Schema any = json::Schema::must_compile(R"({"type": "object"})");
    return any;
  }
  async::Task<Result<chain::PluginPtr>> configure(const json::Value&, const chain::Place&) const override {
    return Result<chain::PluginPtr>(std::make_shared<const ScriptedPlugin>(script_));
  }

 private:
  std::string name_;
  int priority_;
  Script& script_;
};

}  // namespace sallyport::proxy
