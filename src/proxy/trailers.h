#pragma once
// Trailer fields on their way through the gateway (RFC 9110 6.5).

#include "base/arena.h"
#include "http/headers.h"

namespace sallyport::proxy {

// Those of a body that has ended, in the arena; null when it has none. `body`: whatever side it comes from.
template <class Body>
http::Headers* trailers_of(const Body& body, Arena& arena) {
  if (!body.has_trailers()) return nullptr;
  auto& trailers = arena.make<http::Headers>(arena);
  body.trailers(trailers);
  return trailers.empty() ? nullptr : &trailers;
}

// For the wire: null when there is no line to write.
inline const http::Headers* written(const http::Headers* trailers) noexcept {
  return trailers && !trailers->empty() ? trailers : nullptr;
}

}  // namespace sallyport::proxy
