#pragma once
// A plugin for unit tests that writes down what is called and does what a function says; no part of the product.

#include "async/event.h"
#include "async/task_group.h"
#include "chain/chain.h"
#include "exchange/exchange_fixture.h"
#include "json/parse.h"

#include <functional>
#include <optional>
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

// A Task at work: its result appears once it is there.
template <class T>
class Running {
 public:
  explicit Running(Task<T> task) { group_.spawn(keep(std::move(task))); }
  bool is_done() const { return result_.has_value(); }
  T& result() { return *result_; }

 private:
  Task<void> keep(Task<T> task) { result_.emplace(co_await task); }

  std::optional<T> result_;
  async::TaskGroup group_;
};

// The result of a Task that waits for nothing outside.
template <class T>
T finish(Task<T> task) {
  return std::move(Running<T>(std::move(task)).result());
}

}  // namespace sallyport::chain
