#pragma once
// The answers of the status port, for those who watch over the gateway.

#include "http/message.h"

#include <cstddef>
#include <optional>
#include <string_view>

namespace sallyport::admin {

// `/status`: the process lives. `/status/ready`: every worker serves a configuration; `worker_without_configuration` is
// the first that does not. Everything else is 404, other methods than GET and HEAD 405.
http::Response answer_status(std::string_view method, std::string_view path,
                             std::optional<std::size_t> worker_without_configuration);

}  // namespace sallyport::admin
