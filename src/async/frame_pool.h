#pragma once
// Memory of coroutine frames: per thread, by size class, never given back. A frame freed on another thread joins that
// thread's pool.

#include <cstddef>

namespace sallyport::async {

void* allocate_frame(std::size_t size);
void free_frame(void* frame, std::size_t size) noexcept;

}  // namespace sallyport::async
