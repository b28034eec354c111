#pragma once
// A connection before its first request could come: a handshake, or a header of the PROXY protocol, is under way. Part
// of Proxy.

#include "async/stream.h"
#include "proxy/proxy.h"

#include <utility>

namespace sallyport::proxy {

// A gateway that drains does not wait for it for long.
class Proxy::Greeting {
 public:
  Greeting(Proxy& proxy, async::Stream& stream)
      : proxy_(proxy), stream_(stream), next_(std::exchange(proxy.first_greeting_, this)) {
    if (next_) next_->previous_ = this;
  }
  Greeting(const Greeting&) = delete;
  Greeting& operator=(const Greeting&) = delete;
  ~Greeting() {
    (previous_ ? previous_->next_ : proxy_.first_greeting_) = next_;
    if (next_) next_->previous_ = previous_;
  }
  async::Stream& stream() const noexcept { return stream_; }
  Greeting* next() const noexcept { return next_; }

 private:
  Proxy& proxy_;
  async::Stream& stream_;
  Greeting* previous_ = nullptr;
  Greeting* next_;
};

}  // namespace sallyport::proxy
