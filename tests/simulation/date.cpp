// The date of every response in a simulation. HTTP/2 compresses it, so that its length, and with it the whole run,
// would follow the real clock.

#include "http/date.h"

namespace sallyport::http {

std::string_view current_date() noexcept { return "Sun, 06 Nov 1994 08:49:37 GMT"; }

}  // namespace sallyport::http
