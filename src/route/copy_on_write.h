#pragma once
// Changing in place what several immutable values share: whoever alone holds a part changes it, anybody else a copy.
// Everything that shares parts belongs to one thread; others may read what they are given, and give it back to be
// freed.

#include <memory>

namespace sallyport::route {

// The object behind `shared`, for changing: a copy where somebody else holds it too, a new one where there is none.
// It was not made as a const object.
template <class T>
T& owned(std::shared_ptr<const T>& shared) {
  if (!shared) {
    shared = std::make_shared<T>();
  } else if (shared.use_count() > 1) {
    shared = std::make_shared<T>(*shared);
  }
  return const_cast<T&>(*shared);
}

}  // namespace sallyport::route
