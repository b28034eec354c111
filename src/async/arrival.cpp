#include "async/arrival.h"

#include <unistd.h>

namespace sallyport::async {

Arrival::~Arrival() {
  if (socket_ >= 0) ::close(socket_);
}

}  // namespace sallyport::async
