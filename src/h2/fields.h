#pragma once
// A field section on its way out (RFC 9113 8.2, 8.3): what is valid in one, whatever plugins put into a message. Names
// become lower-case as they leave; framing fields stay behind.
// A FieldBlock holds views: what it was made of stays until it was submitted, which copies it.

#include "http/headers.h"

#include <nghttp2/nghttp2.h>

#include <array>
#include <cstddef>
#include <cstdint>
#include <string_view>
#include <vector>

namespace sallyport::h2 {

class FieldBlock {
 public:
  FieldBlock() = default;
  FieldBlock(const FieldBlock&) = delete;
  FieldBlock& operator=(const FieldBlock&) = delete;

  // Pseudo fields first. Known to be valid.
  void add(std::string_view name, std::string_view value);
  void add_status(int status);
  void add_length(std::uint64_t bytes);
  // Without Host, whose place is `:authority`.
  void add_fields(const http::Headers& headers);
  // Those that may stand in a trailer section.
  void add_trailers(const http::Headers& trailers);

  bool empty() const noexcept { return pairs_.empty(); }
  const nghttp2_nv* data() const noexcept { return pairs_.data(); }
  std::size_t size() const noexcept { return pairs_.size(); }

 private:
  std::vector<nghttp2_nv> pairs_;
  std::array<char, 3> status_{};
  std::array<char, 20> length_{};
};

}  // namespace sallyport::h2
