#pragma once
// The answers of the status port, for those who watch over the gateway.

#include "http/message.h"

#include <string_view>

namespace sallyport::admin {

// `/status`: the process lives. `/status/ready`: every worker serves a configuration and takes connections; `why_not`
// says what is in the way, empty: nothing. Everything else is 404, other methods than GET and HEAD 405.
http::Response answer_status(std::string_view method, std::string_view path, std::string_view why_not);

}  // namespace sallyport::admin
