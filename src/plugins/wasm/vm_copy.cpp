// The part of Vm that makes copies of a configured one and puts them back.

#include "plugins/wasm/vm.h"

namespace sallyport::wasm {

std::shared_ptr<const VmImage> Vm::capture(const RootContext& root) {
  auto image = std::make_shared<VmImage>();
  image->guest = instance_->capture();
  if (!image->guest) return nullptr;
  image->root = root;
  image->root.home = nullptr;  // nothing that a copy asks for by itself is carried out
  image->last_call = calls_.last_number();
  return image;
}

Result<std::unique_ptr<Vm>> Vm::copy(std::shared_ptr<const VmSpec> spec, std::shared_ptr<const VmImage> image,
                                     std::shared_ptr<PluginLog> log) {
  InstanceLimits limits = spec->limits;
  limits.in_slices = spec->is_fair;
  std::unique_ptr<Vm> vm(new Vm(std::move(spec), limits, std::move(log)));
  if (!vm->instance_->instantiate()) return fail(vm->trap_error("instantiation", vm->spec_->plugin));
  vm->find_callbacks();
  if (limits.in_slices) vm->cut_callbacks();
  vm->roots_.push_back(std::make_unique<RootContext>());
  vm->stage_ = Stage::kRunning;
  if (vm->restore(std::move(image))) return vm;
  return fail(ErrorCode::kPlugin, "plugin " + vm->spec_->plugin + ": its memory could not be mapped for an exchange");
}

// The creation of a context is cut where nothing follows it at once.
void Vm::cut_callbacks() {
  for (Callback callback :
       {Callback::kRequestHeaders, Callback::kRequestBody, Callback::kRequestTrailers, Callback::kResponseHeaders,
        Callback::kResponseBody, Callback::kResponseTrailers, Callback::kHttpCallResponse, Callback::kGrpcReceive,
        Callback::kGrpcClose, Callback::kGrpcInitialMetadata, Callback::kGrpcTrailingMetadata, Callback::kDone,
        Callback::kLog, Callback::kDelete}) {
    if (exports(callback)) instance_->cut(function(callback));
  }
  const bool is_alone = exports(Callback::kContextCreate) && !exports(Callback::kRequestHeaders);
  if (is_alone) instance_->cut(function(Callback::kContextCreate));
  for (const GuestFunction& sequence : sequences_) {
    if (sequence) instance_->cut(sequence);
  }
}

bool Vm::restore(std::shared_ptr<const VmImage> image) {
  if (failure_ || !instance_->restore(image->guest)) return false;
  RootContext& own = root();
  if (image_ != image) {
    own = image->root;
    has_several_plugins_ = own.conf.plugin != spec_->plugin;
    image_ = std::move(image);
  } else {
    const RootContext& first = image_->root;
    own.properties = first.properties;
    own.tick_period = first.tick_period;
    own.queues = first.queues;
  }
  calls_.drop_all();  // of the exchange before
  calls_.number_after(image_->last_call);
  own.calls_wait = false;
  contexts_.begin_with(own.id, {&own, nullptr});
  to_wake_.clear();
  return true;
}

}  // namespace sallyport::wasm
