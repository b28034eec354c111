#include "plugins/wasm/metric_families.h"

#include <fmt/format.h>

#include <iterator>
#include <map>
#include <set>
#include <utility>
#include <vector>

namespace sallyport::wasm {
namespace {

constexpr std::string_view kTypeNames[] = {"counter", "gauge", "histogram"};
constexpr std::string_view kHistogramSuffixes[] = {"_bucket", "_sum", "_count"};

std::string_view name_of(MetricType type) { return kTypeNames[static_cast<std::size_t>(type)]; }

std::string allowed(std::string_view name) {
  std::string changed(name);
  for (char& c : changed) {
    bool is_allowed = (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9');
    if (!is_allowed) c = '_';
  }
  return changed;
}

struct Sample {
  std::string labels;
  PluginMetrics::Reading reading;
};
using Families = std::map<std::pair<MetricType, std::string>, std::vector<Sample>>;

Families families_of(const SharedState& state) {
  Families families;
  state.for_each([&](const std::string& vm_id, const PluginState& plugin) {
    for (PluginMetrics::Reading& reading : plugin.metrics.read()) {
      std::string name = allowed(reading.name);
      std::string labels = "plugin=\"" + label_value(vm_id) + "\"";
      if (name != reading.name) labels += ",name=\"" + label_value(reading.name) + "\"";
      families[{reading.type, std::move(name)}].push_back({std::move(labels), std::move(reading)});
    }
  });
  return families;
}

// A name that no other family has, nor one of the series of a histogram.
std::string take_name(std::set<std::string>& taken, MetricType type, const std::string& wanted) {
  std::string name = "wasm_" + wanted;
  auto series = [&] {
    std::vector<std::string> all{name};
    if (type == MetricType::kHistogram) {
      for (std::string_view suffix : kHistogramSuffixes) all.push_back(name + std::string(suffix));
    }
    return all;
  };
  auto is_taken = [&] {
    for (const std::string& one : series()) {
      if (taken.contains(one)) return true;
    }
    return false;
  };
  while (is_taken()) (name += '_') += name_of(type);
  for (std::string& one : series()) taken.insert(std::move(one));
  return name;
}

void append_histogram(std::string& text, const std::string& name, const Sample& sample) {
  std::uint64_t count = 0;
  auto out = std::back_inserter(text);
  for (std::size_t i = 0; i < sample.reading.buckets.size(); ++i) {
    count += sample.reading.buckets[i];
    std::string bound = i < kMetricBounds.size() ? std::to_string(kMetricBounds[i]) : "+Inf";
    fmt::format_to(out, "{}_bucket{{{},le=\"{}\"}} {}\n", name, sample.labels, bound, count);
  }
  fmt::format_to(out, "{0}_sum{{{1}}} {2}\n{0}_count{{{1}}} {3}\n", name, sample.labels, sample.reading.sum, count);
}

void append_sample(std::string& text, const std::string& name, const Sample& sample) {
  auto out = std::back_inserter(text);
  if (sample.reading.type == MetricType::kHistogram)
    append_histogram(text, name, sample);
  else if (sample.reading.type == MetricType::kGauge)
    fmt::format_to(out, "{}{{{}}} {}\n", name, sample.labels, sample.reading.gauge);
  else
    fmt::format_to(out, "{}{{{}}} {}\n", name, sample.labels, sample.reading.sum);
}

}  // namespace

std::string label_value(std::string_view text) {
  std::string value;
  for (char c : text) {
    bool is_plain = c >= ' ' && c < '\x7f' && c != '%';
    if (c == '\\' || c == '"') value += '\\';
    if (is_plain)
      value += c;
    else
      fmt::format_to(std::back_inserter(value), "%{:02x}", static_cast<unsigned char>(c));
  }
  return value;
}

void append_metric_families(std::string& text, const SharedState& state) {
  std::set<std::string> taken;
  for (const auto& [key, samples] : families_of(state)) {
    std::string name = take_name(taken, key.first, key.second);
    fmt::format_to(std::back_inserter(text), "# HELP {0} Defined by a plugin\n# TYPE {0} {1}\n", name,
                   name_of(key.first));
    for (const Sample& sample : samples) append_sample(text, name, sample);
  }
}

}  // namespace sallyport::wasm
