#pragma once
// A request beside any exchange and its answer, as owned texts. Plain values.

#include "http/headers.h"

#include <cstdint>
#include <expected>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace sallyport::http {

using OwnedFields = std::vector<std::pair<std::string, std::string>>;

OwnedFields owned(const Headers& fields);
// Of the first field with that name, in any case; nothing: there is none.
std::optional<std::string_view> first_value(const OwnedFields& fields, std::string_view name);
// One field in place of all with that name, in any case.
void replace(OwnedFields& fields, std::string_view name, std::string_view value);

struct CallRequest {
  std::string method;
  std::string target;     // "/path?query"
  std::string authority;  // empty: that of the node it goes to
  OwnedFields headers;    // without framing and Host
  std::string body;
  OwnedFields trailers;  // sent behind a chunked body
};

struct CallAnswer {
  int status = 200;
  OwnedFields headers;  // without framing, but for the Content-Length of what came with one
  std::string body;
  OwnedFields trailers;
};

struct CallFailure {
  enum class Kind : std::uint8_t {
    kUnavailable,  // nobody there who answers
    kTimeout,      // no head of an answer in time
    kBroken,       // the answer broke off or cannot be used
  };
  Kind kind = Kind::kBroken;
  std::string what;  // for the log
};

using CallResult = std::expected<CallAnswer, CallFailure>;

}  // namespace sallyport::http
