#pragma once
// The headers and trailers of an exchange, or of the answer to a HTTP call, as guests see them: lower-case names,
// pseudo-headers first, `host` as
// `:authority`, the length of a body as `content-length`. Changes go through the rules of the gateway: what would break
// framing or the message is left out with a warning, and the guest is told that all is well, since SDKs panic on
// anything else.

#include "plugins/wasm/abi/codes.h"
#include "plugins/wasm/pairs.h"
#include "plugins/wasm/vm.h"

#include <optional>
#include <string_view>
#include <vector>

namespace sallyport::wasm::abi {

class HeaderMap {
 public:
  // The map of that type of what host calls work on now.
  HeaderMap(Vm& vm, MapType type);

  // Every line, pseudo-headers first. A map that is not there now reads as empty.
  template <class Visit>
  void for_each(Visit visit) const;
  // The first value.
  std::optional<std::string_view> get(std::string_view name) const;

  // Texts may lie in guest memory; they are copied.
  void add(std::string_view name, std::string_view value);
  void replace(std::string_view name, std::string_view value);
  void remove(std::string_view name);
  void set_all(const std::vector<Pair>& pairs);

 private:
  enum class Side { kNone, kRequest, kResponse, kTrailers };

  void open_head(Side side, http::Headers& fields, bool is_open);
  void open_trailers(http::Headers* exchange::Exchange::* trailers, const StreamControl& stream);
  std::optional<std::uint64_t> body_length() const;
  std::optional<std::string_view> pseudo(std::string_view name) const;
  std::string_view target() const;
  std::string_view authority() const;
  std::string_view status() const;
  std::string_view content_length() const;

  bool may_write(std::string_view name);
  bool accepts(std::string_view name, std::string_view value);
  bool is_hidden(const http::Field& field) const;
  bool set_special(std::string_view name, std::string_view value);
  void set_method(std::string_view value);
  void set_target(std::string_view value);
  void set_authority(std::string_view value);
  void set_status(std::string_view value);
  void leave_out(std::string_view name, std::string_view why);

  Vm& vm_;
  HttpContext* http_;
  Side side_ = Side::kNone;
  bool is_open_ = false;
  http::Headers* fields_ = nullptr;
  http::Headers* exchange::Exchange::* trailers_ = nullptr;  // where those made now belong
  const http::OwnedFields* answered_ = nullptr;              // of an answer to a HTTP call, which is only read
};

template <class Visit>
void HeaderMap::for_each(Visit visit) const {
  if (answered_) {
    for (const auto& [name, value] : *answered_) visit(name, value);
  }
  if (!fields_) return;
  if (side_ == Side::kRequest) {
    visit(":authority", authority());
    visit(":path", target());
    visit(":method", http_->exchange.request.method);
    visit(":scheme", http_->exchange.scheme);
  } else if (side_ == Side::kResponse) {
    visit(":status", status());
  }
  for (const http::Field& field : *fields_) {
    if (!is_hidden(field)) visit(field.name, field.value);
  }
  if (body_length()) visit("content-length", content_length());
}

}  // namespace sallyport::wasm::abi
