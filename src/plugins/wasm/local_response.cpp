#include "plugins/wasm/local_response.h"

#include "base/bytes.h"
#include "http/field_name.h"
#include "http/grpc.h"
#include "plugins/wasm/gateway_fields.h"

#include <algorithm>

namespace sallyport::wasm {
namespace {

http::Response grpc_answer(std::uint32_t status, std::string_view message, std::int32_t grpc_status) {
  bool given = grpc_status >= 0 && grpc_status <= 16;
  http::Response response;
  response.headers.emplace_back("content-type", "application/grpc");
  response.headers.emplace_back("grpc-status",
                                std::to_string(given ? grpc_status : http::grpc_status_of(static_cast<int>(status))));
  if (!message.empty()) response.headers.emplace_back("grpc-message", http::grpc_message(message));
  return response;
}

}  // namespace

http::Response make_local_response(Vm& vm, const exchange::Exchange& exchange, std::uint32_t status,
                                   std::string_view body, const std::vector<Pair>& headers, std::int32_t grpc_status) {
  if (status < 200 || status > 599) {
    vm.warn("an answer with status " + std::to_string(status) + " becomes 500");
    status = 500;
  }
  http::Response response;
  const bool is_grpc = http::is_grpc(exchange.request.headers);
  if (is_grpc) {
    response = grpc_answer(status, body, grpc_status);
  } else {
    response.status = static_cast<int>(status);
    response.body = body;
  }
  bool has_type = !response.headers.empty();
  for (const auto& [name, value] : headers) {
    if (name.starts_with(':') || is_of_the_gateway(http::known_field(name))) continue;
    if (!http::is_field_name(name) || !http::is_field_value(value)) {
      vm.warn("header " + std::string(name) + " of an answer is left out: its name or value is invalid");
      continue;
    }
    if (equals_ignoring_case(name, "content-type")) {
      if (is_grpc) continue;
      has_type = true;
    }
    response.headers.emplace_back(name, value);
  }
  if (!has_type && !response.body.empty()) response.headers.emplace_back("content-type", "text/plain");
  return response;
}

std::string as_details(std::string_view text) {
  constexpr std::size_t kLongest = 256;
  std::string word(text.substr(0, kLongest));
  std::ranges::replace_if(word, [](unsigned char c) { return c <= ' ' || c == 0x7f; }, '_');
  return word;
}

}  // namespace sallyport::wasm
