#include "plugins/wasm/state_exposition.h"

#include "plugins/wasm/metric_families.h"

#include <fmt/format.h>

#include <iterator>

namespace sallyport::wasm {
namespace {

template <class Of>
struct Family {
  std::string_view name;
  std::string_view type;
  std::string_view help;
  std::uint64_t (*read)(const Of&);
};

constexpr Family<PluginState> kPluginFamilies[] = {
    {"shared_data_bytes", "gauge", "Keys and values that a plugin keeps in its shared data",
     [](const PluginState& plugin) { return plugin.data.usage().bytes; }},
    {"shared_data_keys", "gauge", "Keys in a plugin's shared data",
     [](const PluginState& plugin) { return plugin.data.usage().keys; }},
    {"shared_data_evictions_total", "counter", "Keys of shared data that made room for others",
     [](const PluginState& plugin) { return plugin.data.usage().evictions; }},
    {"shared_data_refusals_total", "counter", "Writes to shared data for which there was no room",
     [](const PluginState& plugin) { return plugin.data.usage().refusals; }},
    {"metrics", "gauge", "Metrics that a plugin has defined",
     [](const PluginState& plugin) { return std::uint64_t{plugin.metrics.size()}; }},
    {"metrics_dropped_total", "counter", "Definitions of metrics beyond the limit",
     [](const PluginState& plugin) { return plugin.metrics.dropped(); }},
    {"metric_changes_dropped_total", "counter", "Changes of metrics beyond the limit of a second",
     [](const PluginState& plugin) { return plugin.metric_pace.dropped(); }},
    {"http_calls_active", "gauge", "HTTP calls of a plugin that are under way",
     [](const PluginState& plugin) { return plugin.calls.active(); }},
    {"instances_in_use", "gauge", "Instances that serve an exchange of their own",
     [](const PluginState& plugin) { return plugin.instances.in_use_now(); }},
    {"callbacks_suspended", "gauge", "Callbacks that wait for their next time slice",
     [](const PluginState& plugin) { return plugin.instances.suspended_now(); }},
    {"time_slices_total", "counter", "Time slices at whose end a callback had more to do",
     [](const PluginState& plugin) { return plugin.instances.slices(); }},
};

using Queues = SharedQueues::Usage;
constexpr Family<Queues> kQueueFamilies[] = {
    {"shared_queue_messages", "gauge", "Messages in a plugin's shared queues",
     [](const Queues& queues) { return queues.items; }},
    {"shared_queue_bytes", "gauge", "Bytes of the messages in a plugin's shared queues",
     [](const Queues& queues) { return queues.bytes; }},
    {"shared_queue_refusals_total", "counter", "Messages for which there was no room in a shared queue",
     [](const Queues& queues) { return queues.refusals; }},
};

// `visit` calls with every plugin's name and what is read from.
template <class Of, class Visit>
void append(std::string& text, const Family<Of>& family, Visit visit) {
  std::string lines;
  visit([&](const std::string& plugin, const Of& of) {
    fmt::format_to(std::back_inserter(lines), "sallyport_wasm_{}{{plugin=\"{}\"}} {}\n", family.name,
                   label_value(plugin), family.read(of));
  });
  if (lines.empty()) return;
  fmt::format_to(std::back_inserter(text), "# HELP sallyport_wasm_{0} {1}\n# TYPE sallyport_wasm_{0} {2}\n{3}",
                 family.name, family.help, family.type, lines);
}

// One line for each way in which calls ended, for plugins that made calls.
void append_calls(std::string& text, const SharedState& state) {
  std::string lines;
  state.for_each([&](const std::string& plugin, const PluginState& of) {
    for (std::size_t i = 0; i < CallCounts::kNames.size(); ++i) {
      if (of.calls.of(i) == 0) continue;
      fmt::format_to(std::back_inserter(lines), "sallyport_wasm_http_calls_total{{plugin=\"{}\",outcome=\"{}\"}} {}\n",
                     label_value(plugin), CallCounts::kNames[i], of.calls.of(i));
    }
  });
  if (lines.empty()) return;
  text +=
      "# HELP sallyport_wasm_http_calls_total HTTP calls of plugins by how they ended\n"
      "# TYPE sallyport_wasm_http_calls_total counter\n";
  text += lines;
}

}  // namespace

std::string expose(const SharedState& state) {
  std::string text;
  for (const auto& family : kPluginFamilies) {
    append(text, family, [&](auto add) { state.for_each(add); });
  }
  const auto queues = state.queues().usage();
  for (const auto& family : kQueueFamilies) {
    append(text, family, [&](auto add) {
      for (const auto& [plugin, usage] : queues) add(plugin, usage);
    });
  }
  append_calls(text, state);
  state.tally().append_to(text);
  append_metric_families(text, state);
  return text;
}

}  // namespace sallyport::wasm
