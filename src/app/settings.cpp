#include "app/settings.h"

#include "app/settings_parts.h"
#include "app/settings_section.h"
#include "base/file.h"
#include "yaml/document.h"

#include <fmt/core.h>

#include <algorithm>
#include <cerrno>
#include <cstring>
#include <filesystem>
#include <utility>

namespace sallyport::app {
namespace {

namespace fs = std::filesystem;

Result<std::string> read_text(const std::string& path) {
  if (auto text = read_file(path)) return *std::move(text);
  return fail(ErrorCode::kInvalid,
              fmt::format("{}: cannot be read: {}; name the settings file with -c", path, std::strerror(errno)));
}

Result<yaml::Document> read_document(const std::string& path, const EnvironmentLookup& environment) {
  TRY(std::string written, read_text(path));
  TRY(std::string text, substitute_environment(written, path, environment));
  return yaml::Document::parse(text, path);
}

// Without "." and "..", and without a slash at its end.
fs::path clean(const fs::path& path) {
  fs::path normal = path.lexically_normal();
  return normal.has_filename() ? normal : normal.parent_path();
}

// Paths and what depends on them, before the file is read.
Settings defaults_for(const SettingsSource& source) {
  Settings settings;
  const fs::path file = clean(fs::absolute(source.file));
  const fs::path folder = file.parent_path();
  const fs::path usual_prefix = folder.filename() == "conf" ? folder.parent_path() : folder;
  settings.file = file;
  settings.prefix = source.prefix.empty() ? usual_prefix : clean(fs::absolute(source.prefix));
  settings.admin.key_file = below_prefix(settings, "data/admin.key");
  settings.logs.error_log = below_prefix(settings, "logs/error.log");
  settings.logs.access_log = below_prefix(settings, "logs/access.log");
  settings.pid_file = below_prefix(settings, "logs/nginx.pid");
  settings.store.embedded_path = below_prefix(settings, "data/sallyport.db");
  settings.store.yaml_path = folder / "apisix.yaml";
  return settings;
}

void read_file(Section file, Settings& settings) {
  // The list of plugins has two places, and `wasm` in it switches a section on: so it comes first, and its section is
  // read for unknown keys afterwards.
  read_plugins(file, settings);
  read_apisix(file.section("apisix"), settings);
  read_nginx_config(file.section("nginx_config"), settings);
  Section former_etcd = file.section("etcd");
  if (former_etcd.has("host") && !file.has("deployment") && settings.store.kind == StoreKind::kEmbedded) {
    refuse_etcd(former_etcd, "host");
  }
  read_deployment(file.section("deployment"), settings);
  file.finish({"stream_plugins", "discovery", "xrpc", "graphql", "ext-plugin", "http"});
}

Problem problem_of(const Error& error) {
  // What reads texts puts the place before its message; here the two are apart.
  const auto end = error.what.find(": ");
  if (end == std::string::npos) return {Severity::kError, "settings", error.what};
  return {Severity::kError, error.what.substr(0, end), error.what.substr(end + 2)};
}

std::string joined(const std::vector<Problem>& problems, Severity severity) {
  std::string lines;
  for (const Problem& problem : problems) {
    if (problem.severity == severity) lines += (lines.empty() ? "" : "\n") + problem.to_string();
  }
  return lines;
}

}  // namespace

std::string Problem::to_string() const {
  return fmt::format("{}: {}: {}", where, severity == Severity::kError ? "error" : "warning", what);
}

bool CheckedSettings::has_errors() const {
  return std::any_of(problems.begin(), problems.end(),
                     [](const Problem& problem) { return problem.severity == Severity::kError; });
}

CheckedSettings check_settings(const SettingsSource& source, const EnvironmentLookup& environment) {
  CheckedSettings checked{.settings = defaults_for(source), .problems = {}};
  auto document = read_document(source.file, environment);
  if (!document) {
    checked.problems.push_back(problem_of(document.error()));
    return checked;
  }
  Problems problems(*document);
  read_file({problems, {&document->value(), "", ""}}, checked.settings);
  if (source.workers) checked.settings.workers = *source.workers;
  checked.problems = std::move(problems).in_order_of_the_file();
  return checked;
}

Result<Settings> load_settings(const SettingsSource& source, const EnvironmentLookup& environment) {
  CheckedSettings checked = check_settings(source, environment);
  if (checked.has_errors()) return fail(ErrorCode::kInvalid, joined(checked.problems, Severity::kError));
  for (const Problem& problem : checked.problems) checked.settings.warnings.push_back(problem.to_string());
  return std::move(checked.settings);
}

std::string below_prefix(const Settings& settings, const std::string& path) {
  return clean(fs::path(settings.prefix) / path);
}

}  // namespace sallyport::app
