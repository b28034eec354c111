#pragma once
// The answer to GET of a whole collection: which entries, which page of them. A pure function.

#include "admin/admin_request.h"
#include "http/message.h"
#include "resources/kinds.h"
#include "store/store.h"

#include <vector>

namespace sallyport::admin {

// `entries` are oldest first. The query may narrow them: `name` and `uri` (regular expressions), `label` (a key),
// `filter` (service_id and upstream_id of routes, as an encoded query), then `page` and `page_size` (10 to 500).
// `info`: null for entries of another kind.
http::Response answer_collection(const resources::KindInfo* info, const std::vector<store::EntryPtr>& entries,
                                 const AdminRequest& request);

}  // namespace sallyport::admin
