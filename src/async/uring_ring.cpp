#include "async/uring_ring.h"

#include <fmt/format.h>
#include <sys/mman.h>
#include <sys/syscall.h>
#include <unistd.h>

#include <cerrno>
#include <cstring>
#include <stdexcept>
#include <string>
#include <utility>

namespace sallyport::async {
namespace {

constexpr unsigned kEntries = 1024;
constexpr unsigned kCompletions = 16 * 1024;
// How many receives may complete in one turn: at first, and at most (a power of two).
constexpr std::size_t kFirstBuffers = 32;
constexpr std::size_t kMostBuffers = 1024;
constexpr std::size_t kOfferedSize = kMostBuffers * sizeof(io_uring_buf);

std::unexpected<Error> lacks(const char* step, int error) {
  return fail(ErrorCode::kUnavailable, fmt::format("{}: {}", step, std::strerror(error)));
}

std::uint16_t buffer_id(std::uint32_t flags) { return static_cast<std::uint16_t>(flags >> IORING_CQE_BUFFER_SHIFT); }

}  // namespace

Result<std::unique_ptr<UringRing>> UringRing::open(BufferPool& pool) {
  std::unique_ptr<UringRing> ring(new UringRing(pool));
  TRY_STATUS(ring->set_up());
  TRY_STATUS(ring->offer_buffers());
  return ring;
}

// It starts disabled, so that the thread that enables it becomes the one that submits.
Status UringRing::set_up() {
  io_uring_params params{};
  params.flags = IORING_SETUP_R_DISABLED | IORING_SETUP_SINGLE_ISSUER | IORING_SETUP_DEFER_TASKRUN |
                 IORING_SETUP_SUBMIT_ALL | IORING_SETUP_CQSIZE;
  params.cq_entries = kCompletions;
  int result = io_uring_queue_init_params(kEntries, &ring_, &params);
  if (result == -EINVAL) {
    return fail(ErrorCode::kUnavailable, "this kernel lacks flags of io_uring_setup; Linux 6.1 or newer has them");
  }
  if (result == -ENOSYS || result == -EPERM) {
    return fail(ErrorCode::kUnavailable,
                fmt::format("io_uring_setup: {}; see sysctl kernel.io_uring_disabled and the seccomp profile of the "
                            "container",
                            std::strerror(-result)));
  }
  if (result < 0) return lacks("io_uring_setup", -result);
  is_open_ = true;
  return {};
}

Status UringRing::offer_buffers() {
  void* memory = ::mmap(nullptr, kOfferedSize, PROT_READ | PROT_WRITE, MAP_ANONYMOUS | MAP_PRIVATE, -1, 0);
  if (memory == MAP_FAILED) return lacks("memory for receive buffers", errno);
  offered_ = static_cast<io_uring_buf_ring*>(memory);
  io_uring_buf_ring_init(offered_);
  io_uring_buf_reg registration{};
  registration.ring_addr = reinterpret_cast<std::uintptr_t>(offered_);
  registration.ring_entries = kMostBuffers;
  registration.bgid = kBufferGroup;
  int result = io_uring_register_buf_ring(&ring_, &registration, 0);
  if (result < 0) return lacks("registering receive buffers with io_uring", -result);
  offer_more(kFirstBuffers);
  return {};
}

void UringRing::offer_more(std::size_t count) {
  for (; count > 0 && buffers_.size() < kMostBuffers; --count) {
    buffers_.push_back(pool_.get(pool_.large()));
    offer(static_cast<std::uint16_t>(buffers_.size() - 1));
  }
}

void UringRing::tell_exhausted() {
  if (!std::exchange(was_exhausted_, true)) offer_more(buffers_.size());
}

// What is under way ends first, so that nothing is read from or written to memory that goes now. On another thread than
// that of the loop, that thread has ended, and its operations with it.
UringRing::~UringRing() {
  if (is_open_) {
    if (is_mine()) {
      io_uring_sync_cancel_reg everything{};
      everything.flags = IORING_ASYNC_CANCEL_ANY | IORING_ASYNC_CANCEL_ALL;
      everything.timeout = {-1, -1};
      io_uring_register_sync_cancel(&ring_, &everything);
      io_uring_get_events(&ring_);
    }
    io_uring_queue_exit(&ring_);
  }
  if (offered_) ::munmap(offered_, kOfferedSize);
}

io_uring_sqe& UringRing::next_entry() {
  for (;;) {
    if (io_uring_sqe* entry = io_uring_get_sqe(&ring_)) return *entry;
    int result = io_uring_submit(&ring_);
    if (result == -EBUSY || result == -EAGAIN || result == -EINTR) {
      io_uring_get_events(&ring_);
    } else if (result < 0) {
      throw std::runtime_error(std::string("io_uring takes no more operations: ") + std::strerror(-result));
    }
  }
}

void UringRing::cancel(Completion& completion) {
  if (!is_mine()) return;
  io_uring_sqe& entry = next_entry();
  io_uring_prep_cancel(&entry, &completion, 0);
  entry.flags |= IOSQE_CQE_SKIP_SUCCESS;
  name(entry, nullptr);
}

// Turns an operation that was not submitted yet into one that does nothing.
bool UringRing::withdraw(Completion& completion) {
  const unsigned mask = *ring_.sq.kring_mask;
  for (unsigned at = *ring_.sq.khead; at != ring_.sq.sqe_tail; ++at) {
    io_uring_sqe& entry = ring_.sq.sqes[at & mask];
    if (entry.user_data != reinterpret_cast<std::uintptr_t>(&completion)) continue;
    io_uring_prep_nop(&entry);
    name(entry, nullptr);
    return true;
  }
  return false;
}

io_uring_cqe* UringRing::find_completion(Completion& completion) {
  unsigned head;
  io_uring_cqe* found;
  io_uring_for_each_cqe(&ring_, head, found) {
    if (found->user_data == reinterpret_cast<std::uintptr_t>(&completion)) return found;
  }
  return nullptr;
}

std::optional<int> UringRing::settle(Completion& completion) {
  if (withdraw(completion) || !is_mine()) return std::nullopt;
  io_uring_cqe* last = find_completion(completion);
  if (!last) {
    io_uring_sync_cancel_reg registration{};
    registration.addr = reinterpret_cast<std::uintptr_t>(&completion);
    registration.timeout = {-1, -1};
    io_uring_register_sync_cancel(&ring_, &registration);
  }
  while (!last) {
    io_uring_get_events(&ring_);
    last = find_completion(completion);
  }
  int result = last->res;
  last->user_data = 0;
  return result;
}

// io_uring_enable_rings, which the shared library of liburing 2.3 declares and does not export.
void UringRing::begin() {
  long result = ::syscall(__NR_io_uring_register, ring_.ring_fd, IORING_REGISTER_ENABLE_RINGS, nullptr, 0);
  if (result < 0) throw std::runtime_error(std::string("io_uring cannot start: ") + std::strerror(errno));
  owner_ = std::this_thread::get_id();
  io_uring_register_ring_fd(&ring_);  // saves a look-up per call; works without
}

void UringRing::enter(Milliseconds at_most) {
  if (owner_ == std::thread::id()) begin();
  was_exhausted_ = false;
  __kernel_timespec longest{at_most.count() / 1000, at_most.count() % 1000 * 1'000'000};
  io_uring_cqe* first;
  int result = io_uring_submit_and_wait_timeout(&ring_, &first, 1, &longest, nullptr);
  if (result >= 0 || result == -ETIME || result == -EINTR || result == -EAGAIN || result == -EBUSY) return;
  throw std::runtime_error(std::string("io_uring does not wait: ") + std::strerror(-result));
}

void UringRing::dispatch() {
  unsigned head;
  io_uring_cqe* next;
  io_uring_for_each_cqe(&ring_, head, next) {
    auto* completion = static_cast<Completion*>(io_uring_cqe_get_data(next));
    int result = next->res;
    std::uint32_t flags = next->flags;
    io_uring_cq_advance(&ring_, 1);  // before the call, which may look for completions that are still to come
    if (completion) completion->on_completion(result, flags);
  }
}

void UringRing::offer(std::uint16_t id) {
  io_uring_buf_ring_add(offered_, buffers_[id].get(), pool_.large(), id, io_uring_buf_ring_mask(kMostBuffers), 0);
  io_uring_buf_ring_advance(offered_, 1);
}

std::unique_ptr<char[]> UringRing::take_buffer(std::uint32_t flags) {
  std::uint16_t id = buffer_id(flags);
  auto taken = std::exchange(buffers_[id], pool_.get(pool_.large()));
  offer(id);
  return taken;
}

void UringRing::put_buffer_back(std::uint32_t flags) { offer(buffer_id(flags)); }

}  // namespace sallyport::async
