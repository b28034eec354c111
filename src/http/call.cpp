#include "http/call.h"

namespace sallyport::http {

OwnedFields owned(const Headers& fields) {
  OwnedFields copies;
  copies.reserve(fields.size());
  for (const Field& field : fields) copies.emplace_back(field.name, field.value);
  return copies;
}

}  // namespace sallyport::http
