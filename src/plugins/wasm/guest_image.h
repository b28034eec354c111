#pragma once
// The state of a guest as it was at one moment, and how the memory of instances is put back into it.
//
// Images of one module share a file in memory, the base, which instances map privately: what a guest only reads
// is common to all, and a page it writes becomes its own. Pages that are an instance's own stay so and are copied
// back, since that costs a fraction of another page fault. What one image has other than the base lies beside it.

#include "plugins/wasm/engine.h"

#include <cstddef>
#include <cstdint>
#include <memory>
#include <mutex>
#include <optional>
#include <span>
#include <utility>
#include <vector>

namespace sallyport::wasm {

inline constexpr std::size_t kPageBytes = 4096;

using PageNumber = std::uint32_t;  // of a linear memory, in kPageBytes

// A memory as a file without a name. Immutable, shared by all threads.
class BaseMemory {
 public:
  // Null when the system gives no such file.
  static std::shared_ptr<const BaseMemory> make(MemoryView memory);
  BaseMemory(const BaseMemory&) = delete;
  BaseMemory& operator=(const BaseMemory&) = delete;
  ~BaseMemory();

  int file() const noexcept { return file_; }
  // Any page below 4 GiB; those behind the memory it was made of are zero.
  const std::byte* page(PageNumber number) const noexcept;

 private:
  BaseMemory(int file, const std::byte* bytes, std::vector<bool> is_zero)
      : file_(file), bytes_(bytes), is_zero_(std::move(is_zero)) {}

  int file_;
  const std::byte* bytes_;
  std::vector<bool> is_zero_;  // these pages take no memory as long as nobody reads them in the file
};

// The base that images of one module share, as long as there are any. Any thread.
class SharedBase {
 public:
  // That of the images there are, else one of `memory`; null when that cannot be made.
  std::shared_ptr<const BaseMemory> of(MemoryView memory);

 private:
  std::mutex mutex_;
  std::weak_ptr<const BaseMemory> base_;
};

struct GlobalValue {
  std::uint8_t type = 0;  // as the engine numbers them
  Slot value;
};

// Immutable, shared by all threads.
struct GuestImage {
  std::shared_ptr<const BaseMemory> base;
  std::size_t memory_bytes = 0;
  std::vector<PageNumber> pages;    // that differ from the base, rising
  std::vector<std::byte> contents;  // of these, one behind the other
  std::vector<GlobalValue> globals;

  // Puts `memory` into it. Null when there is no base.
  static std::shared_ptr<GuestImage> of(MemoryView memory, SharedBase& shared);
};

// The linear memory of one instance, which is as large as the images it is put into.
class RestorableMemory {
 public:
  // False: it cannot be, and must not be used any more.
  bool restore(MemoryView memory, const std::shared_ptr<const GuestImage>& image);

 private:
  bool map(MemoryView memory, const GuestImage& image);
  bool gives_back(std::size_t own);
  void copy_back(MemoryView memory, const GuestImage& image, std::span<const PageNumber> own);

  std::shared_ptr<const BaseMemory> base_;  // that is mapped
  std::size_t mapped_ = 0;                  // bytes of it
  bool is_fresh_ = true;                    // no page was its own when the guest ran last
  std::size_t usual_ = 0;                   // how many became so then
};

// Of which pages in a private mapping this process has a copy of its own; rising. Nothing where the system does not
// tell. Valid until the thread's next call.
std::optional<std::span<const PageNumber>> own_pages(MemoryView memory);

}  // namespace sallyport::wasm
