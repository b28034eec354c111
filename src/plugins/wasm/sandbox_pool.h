#pragma once
// VMs that serve one exchange each, on one worker: copies of a configured VM, put back into its state as soon as their
// exchange has ended. They are common to all confs of a VmSpec, made when they are needed, and kept while they are. One
// that has trapped, or whose memory has grown, is thrown away. Those that are cut into time slices and not isolated are
// left in the state they are in. Belongs to its worker's thread.

#include "base/result.h"
#include "plugins/wasm/instance_room.h"
#include "plugins/wasm/worker_vm.h"

#include <cstddef>
#include <memory>
#include <vector>

namespace sallyport::wasm {

class Sandbox {
 public:
  // `vm` has `image`'s root alone.
  Sandbox(std::shared_ptr<const VmSpec> spec, WorkerVm::Ports ports, std::unique_ptr<Vm> vm,
          std::shared_ptr<const VmImage> image);
  Sandbox(const Sandbox&) = delete;
  Sandbox& operator=(const Sandbox&) = delete;

  WorkerRoot& root() noexcept { return root_; }
  const std::shared_ptr<const VmImage>& image() const noexcept { return image_; }
  // Puts it into that state. False: it cannot be used any more.
  bool restore(std::shared_ptr<const VmImage> image);
  // Leaves it in the state it is in. False: it cannot be used any more.
  bool keep();

 private:
  std::shared_ptr<WorkerVm> vm_;
  WorkerRoot root_;
  std::shared_ptr<const VmImage> image_;
};

class SandboxPool {
 public:
  // After so many exchanges, half of those go that nobody needed all the while.
  static constexpr std::size_t kWindow = 1000;

  // `ports`: as the worker's other VMs have them. `most`: how many are there at once.
  SandboxPool(std::shared_ptr<const VmSpec> spec, WorkerVm::Ports ports, std::size_t most);
  SandboxPool(const SandboxPool&) = delete;
  SandboxPool& operator=(const SandboxPool&) = delete;

  // One in the state of `image`. Null: all are in use, or it cannot be made; see `failure`.
  std::unique_ptr<Sandbox> take(const std::shared_ptr<const VmImage>& image);
  // The exchange has ended.
  void give_back(std::unique_ptr<Sandbox> sandbox);
  const Error& failure() const noexcept { return failure_; }
  std::size_t in_use() const noexcept { return room_->in_use(); }
  // Whether one may be taken without a wait, by those that wait.
  bool is_free() const noexcept { return room_->is_free(); }
  // Until one may be taken, which has to be done at once. False: it cannot; see `failure`.
  async::Task<bool> wait_for_one(exchange::Exchange& exchange);
  std::size_t idle() const noexcept { return idle_.size(); }

 private:
  std::unique_ptr<Sandbox> take_idle(const std::shared_ptr<const VmImage>& image);
  std::unique_ptr<Sandbox> make(const std::shared_ptr<const VmImage>& image);
  void shrink();

  std::shared_ptr<const VmSpec> spec_;
  WorkerVm::Ports ports_;
  std::shared_ptr<InstanceRoom> room_;
  std::shared_ptr<PluginLog> log_;  // one for all, so that its limit is that of one VM
  std::vector<std::unique_ptr<Sandbox>> idle_;
  std::size_t least_idle_ = 0;  // in this window
  std::size_t ended_ = 0;       // exchanges of it
  Error failure_;
};

}  // namespace sallyport::wasm
