#include "admin/resource_writer.h"

#include "base/log.h"
#include "resources/kinds.h"

#include <utility>

namespace sallyport::admin {

Task<Result<store::EntryPtr>> ResourceWriter::put(store::Key key, json::Value value, store::Expected expected,
                                                  std::optional<WallTime> end) {
  snapshot::Item item{key.kind, key.id, value};
  auto change = co_await services_.builder->prepare(item);
  if (!change) co_return fail(std::move(change).error());
  Task<Result<store::EntryPtr>> writing =
      end ? services_.store->put_until(std::move(key), std::move(value), expected, *end)
          : services_.store->put(std::move(key), std::move(value), expected);
  CO_TRY(store::EntryPtr stored, co_await writing);
  CO_TRY_STATUS(co_await serve(std::move(item), *std::move(change)));
  co_return stored;
}

Task<Status> ResourceWriter::remove(store::Key key) {
  snapshot::Item item{key.kind, key.id, std::nullopt};
  auto change = co_await services_.builder->prepare(item);
  if (!change) co_return fail(std::move(change).error());
  CO_TRY_STATUS(co_await services_.store->remove(std::move(key), {}));
  co_return co_await serve(std::move(item), *std::move(change));
}

Task<Status> ResourceWriter::serve(snapshot::Item item, snapshot::SnapshotBuilder::Change change) {
  auto snapshot = services_.builder->commit(std::move(change));
  if (!snapshot) {
    // Stored, but not in force: the next start would serve it, so nobody may believe that nothing happened.
    log::error("{}/{} is stored but not served: {}", item.kind, item.id, snapshot.error().what);
    co_return fail(ErrorCode::kInternal, "stored, but not served yet: " + snapshot.error().what);
  }
  co_await services_.publish(*std::move(snapshot));
  const bool is_manager = item.kind == resources::info(resources::Kind::kSecret).folder;
  if (is_manager && services_.secrets_changed) services_.secrets_changed();
  co_return Status();
}

}  // namespace sallyport::admin
