// Metrics that plugins define and that Prometheus reads.

#include "plugins/wasm/abi/binding.h"
#include "plugins/wasm/abi/groups.h"

#include <fmt/format.h>

namespace sallyport::wasm::abi {
namespace {

Status status_of(PluginMetrics::Outcome outcome) {
  if (outcome == PluginMetrics::Outcome::kUnknown) return Status::kNotFound;
  return outcome == PluginMetrics::Outcome::kOk ? Status::kOk : Status::kBadArgument;
}

Status define_metric(Vm& vm, std::uint32_t type, GuestRange name_at, std::uint32_t slot) {
  if (type >= kMetricTypes) return Status::kBadArgument;
  auto name = vm.memory().read(name_at);
  if (!name || !vm.memory().write(slot, sizeof slot)) return Status::kInvalidMemoryAccess;
  std::uint32_t metric = vm.state().metrics.define(static_cast<MetricType>(type), *name, vm.spec().max_metrics);
  if (PluginMetrics::is_overflow(metric) && vm.state().metrics.dropped() == 1) {
    vm.warn_once("a metric is not kept: its name is longer than 256 bytes, or max_metrics is reached");
  }
  vm.memory().store(slot, metric);
  return Status::kOk;
}

// Answered with Ok: SDKs stop a plugin on anything else.
bool is_too_much(Vm& vm) {
  using Answer = MetricPace::Answer;
  const std::uint64_t most = vm.spec().settings.metric_limit;
  const Answer answer = vm.state().metric_pace.ask(vm.lane(), most, *vm.spec().clock);
  if (answer == Answer::kFirstTooMany) {
    vm.warn_once(
        fmt::format("it changes metrics more than {} times a second (metric_limit): the rest does not count", most));
  }
  return answer != Answer::kGoOn;
}

Status increment_metric(Vm& vm, std::uint32_t metric, std::int64_t by) {
  if (is_too_much(vm)) [[unlikely]]
    return Status::kOk;
  return status_of(vm.state().metrics.increment(metric, by, vm.lane()));
}

Status record_metric(Vm& vm, std::uint32_t metric, std::int64_t value) {
  if (is_too_much(vm)) [[unlikely]]
    return Status::kOk;
  return status_of(vm.state().metrics.record(metric, static_cast<std::uint64_t>(value), vm.lane()));
}

Status get_metric(Vm& vm, std::uint32_t metric, std::uint32_t slot) {
  std::uint64_t value = 0;
  auto outcome = vm.state().metrics.get(metric, value);
  if (outcome != PluginMetrics::Outcome::kOk) return status_of(outcome);
  return vm.memory().store(slot, value) ? Status::kOk : Status::kInvalidMemoryAccess;
}

}  // namespace

void add_metrics(std::vector<Import>& table) {
  constexpr auto kRunning = When::kRunning;
  table.push_back(import <"proxy_define_metric", kRunning, &define_metric>("env"));
  table.push_back(import <"proxy_increment_metric", kRunning, &increment_metric>("env"));
  table.push_back(import <"proxy_record_metric", kRunning, &record_metric>("env"));
  table.push_back(import <"proxy_get_metric", kRunning, &get_metric>("env"));
}

}  // namespace sallyport::wasm::abi
