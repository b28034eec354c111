#pragma once
// A plugin for unit tests that writes down what is called and does what a function says; no part of the product.

#include "async/event.h"
#include "async/task_fixture.h"
#include "chain/chain.h"
#include "exchange/exchange_fixture.h"
#include "json/parse.h"

#include <functional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace sallyport::chain {

struct Probe {
  std::vector<std::string>* calls = nullptr;
  std::function<Task<Verdict>(Phase, BodyStage*)> act;  // absent: proceed
};

class ProbeFilter final : public Filter {
 public:
  ProbeFilter(const Probe& probe, std::string name) : probe_(probe), name_(std::move(name)) {}
  Task<Verdict> rewrite(Exchange&) override { return at(Phase::kRewrite, "rewrite"); }
  Task<Verdict> access(Exchange&) override { return at(Phase::kAccess, "access"); }
  Task<Verdict> request_body(Exchange&, BodyStage& stage) override {
    return at(Phase::kRequestBody, "request_body", &stage);
  }
  Task<Verdict> response_headers(Exchange&) override { return at(Phase::kResponseHeaders, "response_headers"); }
  Task<Verdict> response_body(Exchange&, BodyStage& stage) override {
    return at(Phase::kResponseBody, "response_body", &stage);
  }
  void log(const Exchange&) noexcept override { probe_.calls->push_back(name_ + ".log"); }

 private:
  Task<Verdict> at(Phase phase, std::string_view what, BodyStage* stage = nullptr) {
    probe_.calls->push_back(name_ + "." + std::string(what));
    if (!probe_.act) return Verdict::proceed();
    return probe_.act(phase, stage);
  }

  const Probe& probe_;
  std::string name_;
};

class ProbePlugin final : public Plugin {
 public:
  ProbePlugin(std::string name, PhaseSet phases, Probe probe)
      : name_(std::move(name)), phases_(phases), probe_(std::move(probe)) {}
  PhaseSet phases() const override { return phases_; }
  Filter* make_filter(Exchange& exchange) const override { return &exchange.arena.make<ProbeFilter>(probe_, name_); }

 private:
  std::string name_;
  PhaseSet phases_;
  Probe probe_;
};

inline Link probe_link(std::string name, PhaseSet phases, Probe probe) {
  Link link;
  link.name = name;
  link.reason = "plugin:" + name;
  link.plugin = std::make_shared<const ProbePlugin>(std::move(name), phases, std::move(probe));
  return link;
}

using async::finish;
using async::Running;

}  // namespace sallyport::chain
