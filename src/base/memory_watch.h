#pragma once
// What pools tell the address sanitizer, so that it sees a use of memory that was given back to a pool.
// In builds without it, nothing.

#include <cstddef>

#if defined(__SANITIZE_ADDRESS__)
#define SALLYPORT_MEMORY_IS_WATCHED
#elif defined(__has_feature)
#if __has_feature(address_sanitizer)
#define SALLYPORT_MEMORY_IS_WATCHED
#endif
#endif

#ifdef SALLYPORT_MEMORY_IS_WATCHED
#include <sanitizer/asan_interface.h>
#endif

namespace sallyport {

#ifdef SALLYPORT_MEMORY_IS_WATCHED
inline constexpr bool kMemoryIsWatched = true;
inline void forbid_use(const void* memory, std::size_t size) { __asan_poison_memory_region(memory, size); }
inline void allow_use(const void* memory, std::size_t size) { __asan_unpoison_memory_region(memory, size); }
#else
inline constexpr bool kMemoryIsWatched = false;
inline void forbid_use(const void*, std::size_t) {}
inline void allow_use(const void*, std::size_t) {}
#endif

}  // namespace sallyport
