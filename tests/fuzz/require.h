#pragma once
// What must hold for every input of a fuzz target.

#include <cstdlib>

inline void require(bool holds) {
  if (!holds) std::abort();
}
