#pragma once
// Chooses and makes loops. Any thread may call this; a loop then belongs to the thread that runs it.

#include "async/buffer_pool.h"
#include "async/reactor.h"
#include "async/reactor_kind.h"
#include "base/result.h"

#include <cstddef>
#include <memory>

namespace sallyport::async {

// `buffer_size`: as of Reactor. Error: kUnavailable, only for kIoUring: what this kernel lacks or forbids.
Result<std::unique_ptr<Reactor>> open_reactor(ReactorKind kind, std::size_t buffer_size = BufferPool::kUsual);

// Whether io_uring does what its loop needs: opens one and sends a few bytes through it. Error: kUnavailable.
Status probe_io_uring();

// What serves, which is logged. Error: kUnavailable, when io_uring is asked for and does not work here.
Result<ReactorKind> choose_reactor(ReactorChoice choice);

}  // namespace sallyport::async
