#pragma once
// One host of a route: a name, "*.suffix", "*", each perhaps with a port. Immutable.

#include <string>
#include <string_view>

namespace sallyport::exchange {
class Exchange;
}

namespace sallyport::route {

class HostPattern {
 public:
  explicit HostPattern(std::string_view text);

  const std::string& text() const noexcept { return text_; }  // lower case
  bool is_wildcard() const noexcept { return is_wildcard_; }
  // Without the `*`; a wildcard matches every host that ends so.
  std::string_view key() const noexcept { return std::string_view(text_).substr(is_wildcard_ ? 1 : 0); }
  // Whether it is compared with the Host header as it was sent, port and all.
  bool has_colon() const noexcept { return has_colon_; }

  bool matches(const exchange::Exchange& exchange) const;

 private:
  bool matches(std::string_view host) const;

  std::string text_;
  bool is_wildcard_;
  bool has_colon_;
};

}  // namespace sallyport::route
