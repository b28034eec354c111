#pragma once
// The HTTP/1.1 message syntax (RFC 9112), strict, as pure functions of bytes: the same bytes give the same result
// however they are split. Nothing here reads or writes a socket.

#include "base/result.h"
#include "http/message.h"

#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>

namespace sallyport::wire {

struct HeadLimits {
  std::size_t bytes = 64 * 1024;         // a whole head
  std::size_t target_bytes = 16 * 1024;  // of the request line
  std::size_t fields = 200;
};

enum class ParseStatus : std::uint8_t { kIncomplete, kComplete, kInvalid };

struct ParseOutcome {
  ParseStatus status = ParseStatus::kIncomplete;
  std::size_t bytes = 0;              // of the head, when complete
  int refusal = 0;                    // when invalid: 400, 414, 431, 501 or 505 for requests; 502 for responses
  std::string_view reason;            // when invalid: a token for the log, e.g. "bad_content_length"
};

// Parses a request head at the start of `bytes`. When complete, every text of `head` lies in its arena (the head's
// bytes are copied once), framing is interpreted and its fields and those named in Connection are taken out of
// `headers` (Host stays). One empty line before the request line is skipped.
ParseOutcome parse_request_head(std::string_view bytes, http::RequestHead& head, const HeadLimits& limits);

// Likewise for the head of a response to `method`. Interim heads (1xx) are returned like others.
ParseOutcome parse_response_head(std::string_view bytes, std::string_view method, http::ResponseHead& head,
                                 const HeadLimits& limits);

// Takes the chunked transfer coding apart (RFC 9112 7.1). Feed it what is unread; it says how much it used up.
class ChunkedDecoder {
 public:
  struct Step {
    ParseStatus status = ParseStatus::kIncomplete;  // kComplete: the body and its trailers have ended
    std::size_t consumed = 0;                       // bytes used up, data included
    std::string_view data;                          // a piece of the body within them; may be empty
    std::string_view reason;                        // when invalid
  };
  // Consumes at least one byte of non-empty input unless it has ended; returns at most one piece of data at a time.
  Step next(std::string_view bytes);

  // Trailer fields are collected as raw lines and parsed here once the body has ended. Error: kProtocol.
  Status trailers(http::Headers& into) const;
  bool has_trailers() const noexcept { return !trailer_lines_.empty(); }

 private:
  enum class State : std::uint8_t {
    kSize, kExtension, kSizeLf, kData, kDataCr, kDataLf, kTrailerStart, kTrailer, kTrailerLf, kEndLf, kEnded, kBroken
  };
  State state_ = State::kSize;
  std::uint64_t size_ = 0;          // of the present chunk, then what is left of it
  unsigned size_digits_ = 0;
  std::size_t line_bytes_ = 0;      // of the present size line with its extension
  std::string trailer_lines_;
};

// Appends a request head: request line, Host first, fields, then framing for `body` and, where given, `Upgrade`.
struct RequestLine {
  std::string_view method;
  std::string_view path;   // with leading '/', or "*"
  std::string_view query;
  bool has_query = false;
  std::string_view host;
};
void write_request_head(std::string& out, const RequestLine& line, const http::Headers& headers,
                        http::BodyLength body, std::string_view upgrade = {});

// Appends a response head: status line, fields, then framing for `body` and the connection.
enum class Connection : std::uint8_t { kKeepAlive, kClose, kKeepAliveForHttp10 };
void write_response_head(std::string& out, const http::ResponseHead& head, http::BodyLength body, Connection connection);

// Appends one chunk of the chunked coding; nothing for an empty piece.
void write_chunk(std::string& out, std::string_view bytes);
// Appends the last chunk and the trailers.
void write_last_chunk(std::string& out, const http::Headers* trailers = nullptr);

}  // namespace sallyport::wire
