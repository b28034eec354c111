#pragma once
// What gRPC makes of HTTP (https://github.com/grpc/grpc/blob/master/doc/PROTOCOL-HTTP2.md). Pure functions.

#include "base/clock.h"
#include "http/message.h"

#include <optional>
#include <string>
#include <string_view>

namespace sallyport::http {

namespace grpc {
inline constexpr int kUnknown = 2;
inline constexpr int kDeadlineExceeded = 4;
inline constexpr int kPermissionDenied = 7;
inline constexpr int kResourceExhausted = 8;
inline constexpr int kUnimplemented = 12;
inline constexpr int kInternal = 13;
inline constexpr int kUnavailable = 14;
inline constexpr int kUnauthenticated = 16;
}  // namespace grpc

// Whether a message of that Content-Type is gRPC; gRPC-Web, whose prefix is the same, is not.
bool is_grpc(std::string_view content_type) noexcept;
bool is_grpc(const Headers& headers) noexcept;
// https://github.com/grpc/grpc/blob/master/doc/http-grpc-status-mapping.md
int grpc_status_of(int http_status) noexcept;
// Of the field grpc-timeout: at most eight digits and a unit, at least 1 ms. Nothing for anything else.
std::optional<Milliseconds> parse_grpc_timeout(std::string_view text) noexcept;
// Of the field grpc-message: what is no visible ASCII, and '%', percent-encoded.
std::string grpc_message(std::string_view text);

// An answer to a gRPC request: a head alone that says what went wrong. `status` of gRPC; fields of `answer` stay but
// for its Content-Type.
void make_grpc_answer(Response& answer, int status, std::string_view message);

}  // namespace sallyport::http
