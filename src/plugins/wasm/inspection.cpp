#include "plugins/wasm/inspection.h"

#include "async/task_group.h"
#include "base/clock.h"
#include "plugins/wasm/abi/host_functions.h"
#include "plugins/wasm/callbacks.h"
#include "plugins/wasm/module_facts.h"
#include "plugins/wasm/plugin_log.h"
#include "plugins/wasm/runtime.h"
#include "plugins/wasm/wasm_plugin_types.h"

#include <fmt/format.h>

#include <algorithm>
#include <iterator>
#include <utility>

namespace sallyport::wasm {
namespace {

std::string trouble_with(const ModuleImport& import) {
  if (import.kind != ExternKind::kFunction) return "  REFUSED: no function";
  const Import* offered = abi::find_host_function(import.module, import.name);
  if (!offered) return "  REFUSED: not offered by this gateway";
  if (offered->signature == import.signature) return "";
  return "  REFUSED: offered as " + offered->signature.to_string();
}

bool is_callback(std::string_view name) {
  return std::ranges::any_of(kCallbackShapes, [&](const CallbackShape& shape) { return shape.has_name(name); });
}

constexpr std::size_t kMostLines = 200;

// The lines of a list; of a long one the first, and the first that tell why it is refused. Names that a file holds may
// be meant to do something to a terminal.
class Lines {
 public:
  void add(std::string_view line, bool tells_why = false) {
    ++count_;
    std::size_t& shown = tells_why ? whys_ : others_;
    if (shown == kMostLines) return;
    ++shown;
    text_ += "  " + as_log_line(line) + "\n";
  }
  std::string text() const {
    const std::size_t left_out = count_ - whys_ - others_;
    return left_out == 0 ? text_ : text_ + fmt::format("  and {} more\n", left_out);
  }

 private:
  std::string text_;
  std::size_t count_ = 0;
  std::size_t whys_ = 0, others_ = 0;  // shown
};

void tell_imports(std::string& text, const ModuleOutline& outline) {
  fmt::format_to(std::back_inserter(text), "imports     {}\n", outline.imports.size());
  Lines lines;
  for (const ModuleImport& import : outline.imports) {
    std::string form = import.kind == ExternKind::kFunction ? import.signature.to_string() : "";
    const std::string trouble = trouble_with(import);
    lines.add(fmt::format("{}.{} {}{}", import.module, import.name, form, trouble), !trouble.empty());
  }
  text += lines.text();
}

void tell_exports(std::string& text, const ModuleOutline& outline) {
  Lines callbacks, others;
  for (const ModuleExport& each : outline.exports) {
    std::string form = each.kind == ExternKind::kFunction ? " " + each.signature.to_string() : "";
    (is_callback(each.name) ? callbacks : others).add(each.name + form);
  }
  text += "callbacks\n" + callbacks.text() + "other exports\n" + others.text();
}

async::Task<void> try_it(Runtime& runtime, std::shared_ptr<const Module> module, Result<void>& outcome) {
  DeclaredPlugin plugin;
  plugin.name = "inspected";
  outcome = co_await runtime.try_start(spec_of(plugin, std::move(module)));
}

// Everything that happens to it before a conf does.
Result<void> admit(const std::string& path, EngineKind engine) {
  SystemClock clock;
  TRY(auto runtime, Runtime::start({}, clock, engine));
  TRY(auto module, runtime->load_now(path));
  Result<void> outcome;
  async::TaskGroup group;
  group.spawn(try_it(*runtime, std::move(module), outcome));
  return outcome;
}

Result<std::string> describe(const std::string& path, EngineKind kind) {
  TRY(auto engine, make_engine(kind));
  TRY(ModuleFile file, read_module_file(*engine, path));
  auto outline = read_module(file.bytes);
  if (!outline) return fail_at(path, std::move(outline).error());
  auto version = check_plugin(*outline);
  std::string built = built_with(*outline);
  std::string text =
      fmt::format("file        {}\nsize        {} bytes\nsha256      {}\n", path, file.bytes.size(), file.hash);
  if (version) text += fmt::format("ABI         {}\n", name_of(*version));
  text += "built with  " + (built.empty() ? "unknown: nothing in the module tells" : as_log_line(built)) + "\n";
  tell_imports(text, *outline);
  tell_exports(text, *outline);
  return text;
}

}  // namespace

Inspection inspect(const std::string& path, EngineKind engine) {
  Inspection inspection;
  auto description = describe(path, engine);
  if (!description) return {"REFUSED: " + description.error().what + "\n", false};
  Result<void> admitted = admit(path, engine);
  inspection.is_accepted = admitted.has_value();
  inspection.text = *std::move(description);
  inspection.text += admitted ? "accepted: it compiles and starts\n" : "REFUSED: " + admitted.error().what + "\n";
  return inspection;
}

}  // namespace sallyport::wasm
