#include "h2/request_block.h"

#include "base/bytes.h"
#include "http/byte_scan.h"
#include "http/grpc.h"

namespace sallyport::h2 {
namespace {

// Bytes that may not stand there are percent-encoded.
template <http::ByteClass kAllowed>
void append_encoded(std::string& to, std::string_view text) {
  for (char c : text) {
    if (http::is_in(c, kAllowed)) {
      to.push_back(c);
    } else {
      append_percent_encoded(to, c);
    }
  }
}

}  // namespace

Status RequestBlock::fill(const wire::RequestLine& line, std::string_view scheme, const http::Headers& headers,
                          http::BodyLength body) {
  TRY_STATUS(wire::check(line));
  path_.clear();
  append_encoded<http::kPathByte>(path_, line.path);
  if (line.has_query) {
    path_.push_back('?');
    append_encoded<http::kTargetByte>(path_, line.query);
  }
  fields_.add(":method", line.method);
  fields_.add(":scheme", scheme);
  if (!line.host.empty()) fields_.add(":authority", line.host);
  fields_.add(":path", path_);
  fields_.add_fields(headers);
  if (http::is_grpc(headers)) fields_.add("te", "trailers");  // which its servers insist on
  if (body.kind == http::BodyLength::Kind::kSized) fields_.add_length(body.bytes);
  return {};
}

}  // namespace sallyport::h2
