#include "plugins/wasm/sandbox_pool.h"

#include <fmt/format.h>

#include <algorithm>
#include <utility>

namespace sallyport::wasm {

Sandbox::Sandbox(std::shared_ptr<const VmSpec> spec, WorkerVm::Ports ports, std::unique_ptr<Vm> vm,
                 std::shared_ptr<const VmImage> image)
    : vm_(std::make_shared<WorkerVm>(std::move(spec), std::move(ports), true)),
      root_(vm_, image->root.conf),
      image_(std::move(image)) {
  RootContext& context = vm->root();
  vm_->adopt(std::move(vm));
  root_.join(&context);
}

bool Sandbox::restore(std::shared_ptr<const VmImage> image) {
  vm_->drop_answers();
  Vm* vm = vm_->vm();
  if (!vm || !vm->restore(image)) return false;
  image_ = std::move(image);
  return true;
}

bool Sandbox::keep() {
  vm_->drop_answers();
  Vm* vm = vm_->vm();
  if (!vm || vm->failure()) return false;
  vm->calls().drop_all();
  return true;
}

// They have no timers: what a copy asks for by itself is not done.
SandboxPool::SandboxPool(std::shared_ptr<const VmSpec> spec, WorkerVm::Ports ports, std::size_t most)
    : spec_(std::move(spec)),
      ports_{std::move(ports.worker), {}, {}, ports.lane, std::move(ports.http_client), std::move(ports.turns)},
      room_(std::make_shared<InstanceRoom>(ports_.worker, spec_->state->of(spec_->vm_id()).instances, most)),
      log_(std::make_shared<PluginLog>(spec_->plugin, PluginLog::Mode::kWrite, *spec_->clock,
                                       spec_->settings.log_limit)) {}

std::unique_ptr<Sandbox> SandboxPool::take(const std::shared_ptr<const VmImage>& image) {
  if (room_->is_full()) {
    failure_ = {ErrorCode::kPlugin,
                fmt::format("plugin {}: each of its {} sandboxes serves an exchange; raise max_instances",
                            spec_->plugin, room_->most())};
    return nullptr;
  }
  auto sandbox = take_idle(image);
  if (!sandbox) sandbox = make(image);
  if (sandbox) room_->taken();
  least_idle_ = std::min(least_idle_, idle_.size());
  return sandbox;
}

async::Task<bool> SandboxPool::wait_for_one(exchange::Exchange& exchange) {
  using Outcome = InstanceRoom::Outcome;
  const std::size_t most = room_->most();
  const Outcome outcome = co_await room_->wait(exchange);
  if (outcome == Outcome::kFree) co_return true;
  const std::string then = outcome == Outcome::kTooLong
                               ? fmt::format("none came free within {} ms", InstanceRoom::kLongestWait.count())
                               : std::string("as many wait for one already");
  failure_ = {ErrorCode::kPlugin,
              fmt::format("plugin {}: each of its {} instances serves an exchange, and {}; raise max_instances",
                          spec_->plugin, most, then)};
  co_return false;
}

// The one that was used last is the one whose memory is nearest.
std::unique_ptr<Sandbox> SandboxPool::take_idle(const std::shared_ptr<const VmImage>& image) {
  auto same = std::ranges::find(idle_.rbegin(), idle_.rend(), image, [](const auto& one) { return one->image(); });
  if (same != idle_.rend()) {
    std::swap(*same, idle_.back());
    auto sandbox = std::move(idle_.back());
    idle_.pop_back();
    return sandbox;
  }
  while (!idle_.empty()) {
    auto other = std::move(idle_.front());
    idle_.erase(idle_.begin());
    if (other->restore(image)) return other;
  }
  return nullptr;
}

std::unique_ptr<Sandbox> SandboxPool::make(const std::shared_ptr<const VmImage>& image) {
  auto vm = Vm::copy(spec_, image, log_);
  if (!vm) {
    failure_ = std::move(vm.error());
    return nullptr;
  }
  return std::make_unique<Sandbox>(spec_, ports_, std::move(*vm), image);
}

void SandboxPool::give_back(std::unique_ptr<Sandbox> sandbox) {
  room_->given_back();
  auto image = sandbox->image();
  const bool is_usable = spec_->resets ? sandbox->restore(std::move(image)) : sandbox->keep();
  if (is_usable) idle_.push_back(std::move(sandbox));
  if (++ended_ == kWindow) shrink();
}

void SandboxPool::shrink() {
  auto rarely_used = idle_.begin() + static_cast<std::ptrdiff_t>((least_idle_ + 1) / 2);
  idle_.erase(idle_.begin(), rarely_used);
  least_idle_ = idle_.size();
  ended_ = 0;
}

}  // namespace sallyport::wasm
