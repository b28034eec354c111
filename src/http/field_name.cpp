#include "http/field_name.h"

#include "base/bytes.h"
#include "http/byte_class.h"

#include <algorithm>
#include <array>

namespace sallyport::http {
namespace {

struct Known {
  std::string_view name;
  FieldName id;
};

constexpr std::array kKnown = {
    Known{"te", FieldName::kTe},
    Known{"host", FieldName::kHost},
    Known{"date", FieldName::kDate},
    Known{"expect", FieldName::kExpect},
    Known{"server", FieldName::kServer},
    Known{"cookie", FieldName::kCookie},
    Known{"trailer", FieldName::kTrailer},
    Known{"upgrade", FieldName::kUpgrade},
    Known{"referer", FieldName::kReferer},
    Known{"location", FieldName::kLocation},
    Known{"forwarded", FieldName::kForwarded},
    Known{"x-real-ip", FieldName::kXRealIp},
    Known{"connection", FieldName::kConnection},
    Known{"keep-alive", FieldName::kKeepAlive},
    Known{"user-agent", FieldName::kUserAgent},
    Known{"content-type", FieldName::kContentType},
    Known{"content-length", FieldName::kContentLength},
    Known{"x-forwarded-for", FieldName::kXForwardedFor},
    Known{"x-forwarded-host", FieldName::kXForwardedHost},
    Known{"x-forwarded-port", FieldName::kXForwardedPort},
    Known{"proxy-connection", FieldName::kProxyConnection},
    Known{"x-forwarded-proto", FieldName::kXForwardedProto},
    Known{"transfer-encoding", FieldName::kTransferEncoding},
};
static_assert(std::ranges::is_sorted(kKnown, {}, [](const Known& k) { return k.name.size(); }));

constexpr std::size_t kLongest = 17;

// first_of_length[n] is where names of n bytes begin in kKnown.
constexpr auto kFirstOfLength = [] {
  std::array<std::uint8_t, kLongest + 2> first{};
  for (std::size_t length = 0; length < first.size(); ++length) {
    std::size_t at = 0;
    while (at < kKnown.size() && kKnown[at].name.size() < length) ++at;
    first[length] = static_cast<std::uint8_t>(at);
  }
  return first;
}();

}  // namespace

FieldName known_field(std::string_view name) noexcept {
  if (name.size() > kLongest) return FieldName::kOther;
  for (std::size_t at = kFirstOfLength[name.size()]; at < kFirstOfLength[name.size() + 1]; ++at) {
    if (equals_ignoring_case(name, kKnown[at].name)) return kKnown[at].id;
  }
  return FieldName::kOther;
}

bool is_field_name(std::string_view name) noexcept { return !name.empty() && is_all<kTokenByte>(name); }

bool is_field_value(std::string_view value) noexcept {
  const char* end = value.data() + value.size();
  return skip_value(value.data(), end) == end;
}

}  // namespace sallyport::http
