#pragma once
// One conf of a plugin on every worker. When its last owner is gone, each worker drains its root context.

#include "plugins/wasm/sandbox_pool.h"
#include "plugins/wasm/threads.h"
#include "plugins/wasm/worker_vm.h"

#include <cstddef>
#include <memory>
#include <utility>
#include <vector>

namespace sallyport::wasm {

// The VMs of one VmSpec, one a worker. The vectors never change; what they point to belongs to the workers.
struct VmGroup {
  std::shared_ptr<const VmSpec> spec;
  std::vector<std::shared_ptr<WorkerVm>> vms;
  std::vector<std::unique_ptr<SandboxPool>> sandboxes;  // one a worker, or none
};

class PluginRoots {
 public:
  PluginRoots(std::shared_ptr<const VmGroup> group, std::vector<Post> workers,
              std::vector<std::unique_ptr<WorkerRoot>> roots)
      : group_(std::move(group)), workers_(std::move(workers)), roots_(std::move(roots)) {}
  PluginRoots(const PluginRoots&) = delete;
  PluginRoots& operator=(const PluginRoots&) = delete;
  ~PluginRoots() {
    for (std::size_t i = 0; i < roots_.size(); ++i) {
      workers_[i]([root = std::move(roots_[i])] { root->end(); });
    }
  }

  const std::shared_ptr<const VmGroup>& group() const noexcept { return group_; }
  const VmSpec& spec() const noexcept { return *group_->spec; }
  std::size_t size() const noexcept { return roots_.size(); }
  // Only on that worker's thread.
  WorkerRoot& at(std::size_t worker) const noexcept { return *roots_[worker]; }
  SandboxPool* sandboxes(std::size_t worker) const noexcept {
    return group_->sandboxes.empty() ? nullptr : group_->sandboxes[worker].get();
  }

  // What copies for exchanges are made of; set before anybody else has this.
  void copy_from(std::shared_ptr<const VmImage> image) noexcept { image_ = std::move(image); }
  const std::shared_ptr<const VmImage>& image() const noexcept { return image_; }

 private:
  std::shared_ptr<const VmGroup> group_;
  std::vector<Post> workers_;
  std::vector<std::unique_ptr<WorkerRoot>> roots_;
  std::shared_ptr<const VmImage> image_;
};

}  // namespace sallyport::wasm
