#pragma once
// Resources that were written with a `ttl`, as a lease of etcd has it.

#include "admin/admin_request.h"
#include "admin/services.h"
#include "base/clock.h"
#include "base/result.h"

#include <optional>

namespace sallyport::admin {

// When what `request` writes comes to its end; nothing without a `ttl`. Error: kInvalid with APISIX's words.
Result<std::optional<WallTime>> end_of_ttl(const AdminRequest& request, const Clock& clock);

// Removes what has come to its end, whatever still refers to it. Called now and then, on the control thread.
Task<void> remove_what_is_over(Services& services);

}  // namespace sallyport::admin
