#include "admin/ends.h"

#include "admin/resource_writer.h"
#include "base/bytes.h"
#include "base/log.h"
#include "store/store.h"

#include <fmt/format.h>

#include <chrono>
#include <cstdint>
#include <vector>

namespace sallyport::admin {

Result<std::optional<WallTime>> end_of_ttl(const AdminRequest& request, const Clock& clock) {
  constexpr std::uint64_t kMost = 7'000'000'000;  // what clocks can tell ends in 2262
  auto ttl = request.argument("ttl");
  if (!ttl) return std::optional<WallTime>();
  auto seconds = parse_unsigned(*ttl);
  if (!seconds) return fail(ErrorCode::kInvalid, "invalid argument ttl: should be a number");
  if (*seconds == 0 || *seconds > kMost) {
    return fail(ErrorCode::kInvalid, fmt::format("invalid argument ttl: should be 1 to {} seconds", kMost));
  }
  return clock.wall() + std::chrono::seconds(*seconds);
}

Task<void> remove_what_is_over(Services& services) {
  if (services.store->over(services.clock->wall()).empty()) co_return;
  async::Mutex::Lock lock = co_await services.changes->lock();
  // Some may have been written again meanwhile.
  const std::vector<store::Key> keys = services.store->over(services.clock->wall());
  for (const store::Key& key : keys) {
    Status removed = co_await ResourceWriter(services).remove(key);
    if (removed) {
      log::info("{}/{}: its ttl is over, and it is removed", key.kind, key.id);
    } else {
      log::error("{}/{}: its ttl is over, and it cannot be removed: {}", key.kind, key.id, removed.error().what);
    }
  }
}

}  // namespace sallyport::admin
