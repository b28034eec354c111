#pragma once
// Variables whose name carries a key: arg_*, cookie_*, http_*, sent_http_*, upstream_http_*, wasm_*.

#include "exchange/variable.h"

#include <optional>
#include <string_view>

namespace sallyport::http {
class Headers;
}

namespace sallyport::exchange {

// The first argument of that name in the query, both sides decoded; one without a value is empty.
std::optional<std::string_view> read_argument(const Exchange& exchange, const VariableKey& key);
// The first cookie of that name (RFC 6265 4.2).
std::optional<std::string_view> read_cookie(const Exchange& exchange, const VariableKey& key);
// Lines of one name are joined by ", ". Framing fields are read from where they were put when they were interpreted.
std::optional<std::string_view> read_request_field(const Exchange& exchange, const VariableKey& key);
std::optional<std::string_view> read_response_field(const Exchange& exchange, const VariableKey& key);
// Of a response of the upstream, as the plugins have left it.
std::optional<std::string_view> read_upstream_field(const Exchange& exchange, const VariableKey& key);
// The property whose name is `a_b`, or has the key's letters and digits and anything else for its underscores, as
// `a.b` and a path of two segments do.
std::optional<std::string_view> read_property(const Exchange& exchange, const VariableKey& key);

// The field that `x_forwarded_for` stands for: dashes and underscores are the same.
http::FieldName field_of_variable(std::string_view key) noexcept;

}  // namespace sallyport::exchange
