#pragma once
// What may fail returns Result<T>; Error says what went wrong, on whose side, and whether a try may be repeated.

#include <expected>
#include <string>
#include <utility>

namespace sallyport {

enum class ErrorCode {
  kInvalid,      // input that cannot be accepted
  kNotFound,     // what was asked for is not there
  kConflict,     // the state changed meanwhile
  kTimeout,      // a deadline passed
  kRefused,      // the peer refused the connection
  kClosed,       // the peer ended the connection
  kProtocol,     // the peer broke a protocol
  kLimit,        // a limit of ours was reached
  kUnavailable,  // nothing there to serve it now
  kPlugin,       // a plugin failed
  kInternal,     // our own fault
};

enum class Side { kInternal, kDownstream, kUpstream };
enum class Retry { kNever, kSafe };

struct Error {
  ErrorCode code = ErrorCode::kInternal;
  std::string what;  // what is wrong, where, and what to do about it
  Side side = Side::kInternal;
  Retry retry = Retry::kNever;
};

template <class T>
using Result = std::expected<T, Error>;

using Status = Result<void>;

// Cold, so that what leads to an error is laid out away from what does not.
[[nodiscard, gnu::cold]] inline std::unexpected<Error> fail(ErrorCode code, std::string what) {
  return std::unexpected<Error>(Error{code, std::move(what)});
}

[[nodiscard, gnu::cold]] inline std::unexpected<Error> fail(Error error) {
  return std::unexpected<Error>(std::move(error));
}

// The same error, seen from further out: "where: what".
[[nodiscard, gnu::cold]] inline std::unexpected<Error> fail_at(const std::string& where, Error error) {
  error.what = where + ": " + error.what;
  return std::unexpected<Error>(std::move(error));
}

}  // namespace sallyport

#define SALLYPORT_JOIN2(a, b) a##b
#define SALLYPORT_JOIN(a, b) SALLYPORT_JOIN2(a, b)
#define SALLYPORT_TRY_AS(result, declaration, expression, give_back)          \
  auto result = (expression);                                                 \
  if (!result) [[unlikely]]                                                   \
    give_back std::unexpected<::sallyport::Error>(std::move(result).error()); \
  declaration = std::move(*result)

// TRY(auto x, f());  declares x, or returns the error of f(). CO_TRY does so in a coroutine.
#define TRY(declaration, expression) \
  SALLYPORT_TRY_AS(SALLYPORT_JOIN(try_result_, __LINE__), declaration, expression, return)
#define CO_TRY(declaration, expression) \
  SALLYPORT_TRY_AS(SALLYPORT_JOIN(try_result_, __LINE__), declaration, expression, co_return)

// TRY_STATUS(f());  for a Status or a Result whose value is not needed.
#define TRY_STATUS(expression)                                                                                        \
  if (auto SALLYPORT_JOIN(try_status_, __LINE__) = (expression); !SALLYPORT_JOIN(try_status_, __LINE__)) [[unlikely]] \
  return std::unexpected<::sallyport::Error>(std::move(SALLYPORT_JOIN(try_status_, __LINE__)).error())
#define CO_TRY_STATUS(expression)                                                                                     \
  if (auto SALLYPORT_JOIN(try_status_, __LINE__) = (expression); !SALLYPORT_JOIN(try_status_, __LINE__)) [[unlikely]] \
  co_return std::unexpected<::sallyport::Error>(std::move(SALLYPORT_JOIN(try_status_, __LINE__)).error())
