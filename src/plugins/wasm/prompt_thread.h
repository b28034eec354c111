#pragma once
// For a thread that wakes often and does very little.

namespace sallyport::wasm {

// Asks the kernel to let the calling thread run as soon as it wakes, though another one has the core: with the usual
// length of turns, it may let that one finish its own first, some milliseconds. Since Linux 6.12; without effect
// before.
void be_prompt() noexcept;

}  // namespace sallyport::wasm
