#pragma once
// Fields of framing and of the connection, which the gateway writes itself whatever a plugin sets (RFC
// 9110 7.6.1, 8.6, 10.1.1).

#include "http/field_name.h"

namespace sallyport::wasm {

constexpr bool is_of_the_gateway(http::FieldName name) {
  switch (name) {
    case http::FieldName::kConnection:
    case http::FieldName::kContentLength:
    case http::FieldName::kExpect:
    case http::FieldName::kKeepAlive:
    case http::FieldName::kProxyConnection:
    case http::FieldName::kTe:
    case http::FieldName::kTrailer:
    case http::FieldName::kTransferEncoding:
    case http::FieldName::kUpgrade:
      return true;
    default:
      return false;
  }
}

}  // namespace sallyport::wasm
