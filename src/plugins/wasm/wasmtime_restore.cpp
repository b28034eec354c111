// The part of WasmtimeInstance that puts guests back into an earlier state.

#include "plugins/wasm/isolated_module.h"
#include "plugins/wasm/wasmtime_instance.h"

#include <cstring>

namespace sallyport::wasm {
namespace {

constexpr std::size_t kWasmPage = 64u << 10;

static_assert(sizeof(wasmtime_valunion_t) <= sizeof(Slot), "the value of a global fits");

GlobalValue value_of(const wasmtime_val_t& from) {
  GlobalValue value{from.kind, {}};
  std::memcpy(&value.value, &from.of, sizeof(from.of));
  return value;
}

wasmtime_val_t value_of(const GlobalValue& from) {
  wasmtime_val_t value;
  value.kind = from.type;
  std::memcpy(&value.of, &from.value, sizeof(value.of));
  return value;
}

}  // namespace

void WasmtimeInstance::find_globals() {
  for (;;) {
    auto exported = export_of(instance_, std::string(kStateGlobal) + std::to_string(globals_.size()));
    if (!exported || exported->kind != WASMTIME_EXTERN_GLOBAL) return;
    globals_.push_back(exported->of.global);
  }
}

std::shared_ptr<const GuestImage> WasmtimeInstance::capture() {
  if (!base_) return nullptr;
  auto image = GuestImage::of(memory(), *base_);
  if (!image) return nullptr;
  for (const wasmtime_global_t& global : globals_) {
    wasmtime_val_t value;
    wasmtime_global_get(context_, &global, &value);
    image->globals.push_back(value_of(value));
  }
  return image;
}

bool WasmtimeInstance::restore(const std::shared_ptr<const GuestImage>& image) {
  if (!fit_memory(image->memory_bytes) || image->globals.size() != globals_.size()) return false;
  if (!restorable_.restore(memory(), image)) return false;
  for (std::size_t i = 0; i < globals_.size(); ++i) {
    wasmtime_val_t value = value_of(image->globals[i]);
    WasmtimePtr<wasmtime_error_t> error(wasmtime_global_set(context_, &globals_[i], &value));
    if (error) return false;
  }
  return true;
}

// A memory grows and never shrinks.
bool WasmtimeInstance::fit_memory(std::size_t bytes) {
  std::size_t size = memory().size;
  if (size >= bytes) return size == bytes;
  std::uint64_t before = 0;
  WasmtimePtr<wasmtime_error_t> error(wasmtime_memory_grow(context_, &memory_, (bytes - size) / kWasmPage, &before));
  return !error;
}

}  // namespace sallyport::wasm
