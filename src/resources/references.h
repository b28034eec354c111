#pragma once
// Resources that name other resources by id. Whether those exist is for whoever has the store to see; what to look for,
// and what to say, is here.

#include "json/value.h"
#include "resources/kinds.h"

#include <string>
#include <string_view>
#include <vector>

namespace sallyport::resources {

struct Reference {
  Kind kind;
  std::string id;

  friend bool operator==(const Reference&, const Reference&) = default;
};

// The ids that `value`, a resource of `kind`, refers to: they have to exist when it is written.
std::vector<Reference> references_of(Kind kind, const json::Value& value);

// `failed to fetch upstream info by upstream id [1], response code: 404`
std::string missing(const Reference& reference);

// What refuses a removal: `can not delete this upstream, route [1] is still using it now`.
std::string still_used(Kind removed, const Reference& by);

// An id as text, whether it is written as a string or as a number; empty when there is none.
std::string id_text(const json::Value& resource, std::string_view member = "id");

}  // namespace sallyport::resources
