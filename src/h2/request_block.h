#pragma once
// The field section of a request to an upstream (RFC 9113 8.3.1). It holds views, as FieldBlock does.

#include "base/result.h"
#include "h2/fields.h"
#include "http/message.h"
#include "wire/h1.h"

#include <string>
#include <string_view>

namespace sallyport::h2 {

class RequestBlock final {
 public:
  // What was invalid in HTTP/1 is invalid here: error kInvalid as of wire::write_request_head.
  Status fill(const wire::RequestLine& line, std::string_view scheme, const http::Headers& headers,
              http::BodyLength body);
  const FieldBlock& fields() const noexcept { return fields_; }

 private:
  FieldBlock fields_;
  std::string path_;
};

}  // namespace sallyport::h2
