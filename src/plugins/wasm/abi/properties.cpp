// Properties: built-in ones, those that plugins set, and the gateway's variables.

#include "plugins/wasm/abi/attributes.h"
#include "plugins/wasm/abi/binding.h"
#include "plugins/wasm/abi/groups.h"

#include <algorithm>

namespace sallyport::wasm::abi {
namespace {

// C++ plugins end most paths with a NUL.
std::string_view without_last_nul(std::string_view path) {
  if (path.ends_with('\0')) path.remove_suffix(1);
  return path;
}

bool is_one_segment(std::string_view path) { return path.find('\0') == std::string_view::npos; }

// What begins so the gateway alone says: else one plugin could forge for the others who a client is.
bool is_reserved(std::string_view path) {
  constexpr std::string_view kDividers("\0.", 2);
  constexpr std::string_view kRoots[] = {"connection", "destination", "request", "response",
                                         "source",     "upstream",    "xds"};
  return std::ranges::find(kRoots, path.substr(0, path.find_first_of(kDividers))) != std::end(kRoots);
}

// Some plugins write request.path in one segment: dots divide, too, where nothing has that very path.
char divider_or(char c) { return c == '.' ? '\0' : c; }
bool is_same_divided(std::string_view a, std::string_view b) {
  return std::ranges::equal(a, b, {}, &divider_or, &divider_or);
}

// Of pairs of a name and a value: the one of that very path, else one whose path is the same when dots divide.
template <class Properties, class NameOf>
auto find_set(const Properties& properties, std::string_view path, NameOf name_of) {
  auto found = std::ranges::find(properties, path, name_of);
  if (found != std::ranges::end(properties)) return found;
  return std::ranges::find_if(properties, [&](std::string_view name) { return is_same_divided(name, path); }, name_of);
}

std::optional<std::string_view> property_of_root(const RootContext& root, std::string_view path) {
  auto name_of = [](const auto& property) { return std::string_view(property.first); };
  auto found = find_set(root.properties, path, name_of);
  if (found == root.properties.end()) return std::nullopt;
  return found->second;
}

// Other than the built-in ones of that very path.
std::optional<std::string_view> find_property(const Vm& vm, Scope scope, std::string_view path) {
  if (!scope.http) return scope.root ? property_of_root(*scope.root, path) : std::nullopt;
  const exchange::Exchange& exchange = scope.http->exchange;
  if (is_reserved(path)) {
    std::string divided(path);
    std::ranges::transform(divided, divided.begin(), &divider_or);
    return is_one_segment(path) ? built_in_property(vm, scope, divided) : std::nullopt;
  }
  if (auto value = exchange.property(path)) return value;
  if (is_one_segment(path)) {
    if (auto value = exchange.variable(path)) return value;
  }
  auto found = find_set(exchange.properties(), path, &exchange::Property::name);
  if (found == exchange.properties().end()) return std::nullopt;
  return found->value;
}

Status get_property(Vm& vm, GuestRange path_at, GuestRange out) {
  auto path = vm.memory().read(path_at);
  if (!path) return Status::kInvalidMemoryAccess;
  std::string_view name = without_last_nul(*path);
  if (name.empty()) return Status::kNotFound;
  {
    Reading reading(vm);
    if (auto value = built_in_property(vm, vm.effective(), name)) return vm.give(*value, out);
  }
  auto value = find_property(vm, vm.effective(), name);
  return value ? vm.give(*value, out) : Status::kNotFound;
}

constexpr std::size_t kMostRootBytes = 1u << 20;

// False: they would be too large.
bool set_on_root(RootContext& root, std::string_view path, std::string_view value) {
  std::size_t bytes = path.size() + value.size();
  std::string* known = nullptr;
  for (auto& [name, text] : root.properties) {
    if (name == path)
      known = &text;
    else
      bytes += name.size() + text.size();
  }
  if (bytes > kMostRootBytes) return false;
  if (known)
    *known = value;
  else
    root.properties.emplace_back(path, value);
  return true;
}

Status set_property(Vm& vm, GuestRange path_at, GuestRange value_at) {
  auto path = vm.memory().read(path_at);
  auto value = vm.memory().read(value_at);
  if (!path || !value) return Status::kInvalidMemoryAccess;
  std::string_view name = without_last_nul(*path);
  Scope scope = vm.effective();
  if (!scope.http) {
    if (!scope.root || set_on_root(*scope.root, name, *value)) return Status::kOk;
    return vm.trap("it set properties of more than 1 MiB outside of exchanges");
  }
  if (name == "wasm_process_req_body") scope.http->whole_request_body = !value->empty();
  if (name == "wasm_process_resp_body") scope.http->whole_response_body = !value->empty();
  scope.http->exchange.set_property(name, *value);
  return Status::kOk;
}

}  // namespace

void add_properties(std::vector<Import>& table) {
  table.push_back(import <"proxy_get_property", When::kKeeping, &get_property>("env"));
  table.push_back(import <"proxy_set_property", When::kKeeping, &set_property>("env"));
}

}  // namespace sallyport::wasm::abi
