#include "plugins/wasm/guest_image.h"

#include <fcntl.h>
#include <sys/mman.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cstring>
#include <utility>

namespace sallyport::wasm {
namespace {

constexpr std::size_t kLargestMemory = 4ull << 30;
constexpr std::size_t kFewOwnPages = 512;  // which an instance keeps in any case

bool has_only_zeros(const std::byte* page) {
  return page[0] == std::byte{0} && std::memcmp(page, page + 1, kPageBytes - 1) == 0;
}

bool write_page(int file, PageNumber number, const std::byte* page) {
  auto at = static_cast<off_t>(std::size_t{number} * kPageBytes);
  return pwrite(file, page, kPageBytes, at) == static_cast<ssize_t>(kPageBytes);
}

PageNumber pages_of(MemoryView memory) { return static_cast<PageNumber>(memory.size / kPageBytes); }

const std::byte* page_of(MemoryView memory, PageNumber number) {
  return memory.base + std::size_t{number} * kPageBytes;
}

bool fill(int file, MemoryView memory, const std::vector<bool>& leave_out) {
  if (ftruncate(file, static_cast<off_t>(kLargestMemory)) != 0) return false;
  for (PageNumber i = 0; i < pages_of(memory); ++i) {
    if (!leave_out[i] && !write_page(file, i, page_of(memory, i))) return false;
  }
  return fcntl(file, F_ADD_SEALS, F_SEAL_WRITE | F_SEAL_SHRINK | F_SEAL_GROW) == 0;
}

// Bits of an entry of /proc/self/pagemap: the page is there, is swapped out, belongs to a file.
constexpr std::uint64_t kPresent = 1ull << 63;
constexpr std::uint64_t kSwapped = 1ull << 62;
constexpr std::uint64_t kOfFile = 1ull << 61;

bool is_own(std::uint64_t entry) { return (entry & kSwapped) != 0 || (entry & (kPresent | kOfFile)) == kPresent; }

int page_map() {
  static const int file = open("/proc/self/pagemap", O_RDONLY | O_CLOEXEC);
  return file;
}

bool find_own_pages(MemoryView memory, std::vector<PageNumber>& own) {
  own.clear();
  std::array<std::uint64_t, 2048> entries;
  auto first = reinterpret_cast<std::uintptr_t>(memory.base) / kPageBytes;
  for (PageNumber i = 0; i < pages_of(memory);) {
    std::size_t count = std::min<std::size_t>(entries.size(), pages_of(memory) - i);
    std::size_t bytes = count * sizeof(std::uint64_t);
    auto at = static_cast<off_t>((first + i) * sizeof(std::uint64_t));
    if (pread(page_map(), entries.data(), bytes, at) != static_cast<ssize_t>(bytes)) return false;
    for (std::size_t k = 0; k < count; ++k) {
      if (is_own(entries[k])) own.push_back(i + static_cast<PageNumber>(k));
    }
    i += static_cast<PageNumber>(count);
  }
  return true;
}

// A page map that said nothing of a written page would leave it to the next exchange: emulated kernels are asked
// first about a mapping of which the answer is known.
bool page_map_is_true() {
  constexpr std::size_t kPages = 4;
  int file = memfd_create("wasm-page-map", MFD_CLOEXEC);
  if (file < 0) return false;
  bool has_size = ftruncate(file, kPages * kPageBytes) == 0;
  void* bytes = mmap(nullptr, kPages * kPageBytes, PROT_READ | PROT_WRITE, MAP_PRIVATE, file, 0);
  close(file);
  if (bytes == MAP_FAILED) return false;
  MemoryView memory{static_cast<std::byte*>(bytes), kPages * kPageBytes};
  std::vector<PageNumber> own;
  if (has_size) {
    auto* first = static_cast<volatile char*>(bytes);
    static_cast<void>(first[0]);
    first[kPageBytes] = 1;
    first[3 * kPageBytes] = 0;
  }
  bool is_true = has_size && find_own_pages(memory, own) && own == std::vector<PageNumber>{1, 3};
  munmap(bytes, kPages * kPageBytes);
  return is_true;
}

}  // namespace

std::shared_ptr<const BaseMemory> BaseMemory::make(MemoryView memory) {
  int file = memfd_create("wasm-image", MFD_CLOEXEC | MFD_ALLOW_SEALING);
  if (file < 0) return nullptr;
  std::vector<bool> is_zero(pages_of(memory));
  for (PageNumber i = 0; i < pages_of(memory); ++i) is_zero[i] = has_only_zeros(page_of(memory, i));
  void* bytes = MAP_FAILED;
  if (fill(file, memory, is_zero))
    bytes = mmap(nullptr, kLargestMemory, PROT_READ, MAP_PRIVATE | MAP_NORESERVE, file, 0);
  if (bytes == MAP_FAILED) {
    close(file);
    return nullptr;
  }
  return std::shared_ptr<const BaseMemory>(
      new BaseMemory(file, static_cast<const std::byte*>(bytes), std::move(is_zero)));
}

const std::byte* BaseMemory::page(PageNumber number) const noexcept {
  static constexpr std::array<std::byte, kPageBytes> kZeros{};
  if (number >= is_zero_.size() || is_zero_[number]) return kZeros.data();
  return bytes_ + std::size_t{number} * kPageBytes;
}

BaseMemory::~BaseMemory() {
  munmap(const_cast<std::byte*>(bytes_), kLargestMemory);
  close(file_);
}

std::shared_ptr<const BaseMemory> SharedBase::of(MemoryView memory) {
  std::lock_guard lock(mutex_);
  auto base = base_.lock();
  if (!base) base_ = base = BaseMemory::make(memory);
  return base;
}

std::shared_ptr<GuestImage> GuestImage::of(MemoryView memory, SharedBase& shared) {
  auto image = std::make_shared<GuestImage>();
  image->base = shared.of(memory);
  if (!image->base) return nullptr;
  image->memory_bytes = memory.size;
  for (PageNumber i = 0; i < pages_of(memory); ++i) {
    const std::byte* page = page_of(memory, i);
    if (std::memcmp(page, image->base->page(i), kPageBytes) == 0) continue;
    image->pages.push_back(i);
    image->contents.insert(image->contents.end(), page, page + kPageBytes);
  }
  return image;
}

bool RestorableMemory::restore(MemoryView memory, const std::shared_ptr<const GuestImage>& image) {
  if (memory.size != image->memory_bytes) return false;
  if (base_ != image->base || mapped_ != memory.size) {
    if (!map(memory, *image)) return false;
    copy_back(memory, *image, {});
    return true;
  }
  auto own = own_pages(memory);
  if (!own || gives_back(own->size())) {
    if (madvise(memory.base, memory.size, MADV_DONTNEED) != 0) return false;
    own.emplace();
  }
  copy_back(memory, *image, *own);
  return true;
}

// Many pages are worth keeping where most exchanges write so many, and not after a single one that did.
bool RestorableMemory::gives_back(std::size_t own) {
  if (is_fresh_) usual_ = own;
  is_fresh_ = own > std::max(kFewOwnPages, 2 * usual_);
  return is_fresh_;
}

bool RestorableMemory::map(MemoryView memory, const GuestImage& image) {
  void* mapped = mmap(memory.base, memory.size, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_FIXED | MAP_NORESERVE,
                      image.base->file(), 0);
  if (mapped == MAP_FAILED) return false;
  base_ = image.base;
  mapped_ = memory.size;
  is_fresh_ = true;
  return true;
}

// Every page that is the instance's own, and every one that the image has other than the base.
void RestorableMemory::copy_back(MemoryView memory, const GuestImage& image, std::span<const PageNumber> own) {
  auto next = image.pages.begin();
  const std::byte* content = image.contents.data();
  auto copy = [&](PageNumber number, const std::byte* from) {
    std::memcpy(memory.base + std::size_t{number} * kPageBytes, from, kPageBytes);
  };
  auto copy_different = [&] {
    copy(*next++, content);
    content += kPageBytes;
  };
  for (PageNumber number : own) {
    while (next != image.pages.end() && *next < number) copy_different();
    if (next != image.pages.end() && *next == number)
      copy_different();
    else
      copy(number, image.base->page(number));
  }
  while (next != image.pages.end()) copy_different();
}

std::optional<std::span<const PageNumber>> own_pages(MemoryView memory) {
  static const bool is_true = page_map_is_true();
  static thread_local std::vector<PageNumber> own;
  if (!is_true || !find_own_pages(memory, own)) return std::nullopt;
  return std::span<const PageNumber>(own);
}

}  // namespace sallyport::wasm
