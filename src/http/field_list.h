#pragma once
// Fields whose value is a comma-separated list (RFC 9110 5.6.1).

#include "base/bytes.h"

#include <string_view>

namespace sallyport::http {

// Calls `visit` with each element, trimmed; empty elements as well. Stops when it returns false, and then returns
// false.
template <class Visit>
bool for_each_element(std::string_view list, Visit visit) {
  for (;;) {
    std::size_t end = list.find(',');
    if (!visit(trim(list.substr(0, end)))) return false;
    if (end == std::string_view::npos) return true;
    list.remove_prefix(end + 1);
  }
}

}  // namespace sallyport::http
