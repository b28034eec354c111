#pragma once
// The HTTP/1.1 message syntax (RFC 9112), strict, as pure functions of bytes: the same bytes give the same result
// however they are split. Nothing here reads or writes a socket.

#include "base/result.h"
#include "http/message.h"
#include "wire/chunk_extension.h"

#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>

namespace sallyport::wire {

struct HeadLimits {
  std::size_t bytes = 60 * 1024;         // a whole head
  std::size_t target_bytes = 16 * 1024;  // of the request line
  std::size_t fields = 100;
  friend bool operator==(const HeadLimits&, const HeadLimits&) = default;
};

// Of responses: upstreams are trusted with more than clients are.
inline constexpr HeadLimits kResponseHeadLimits{.bytes = 64 * 1024, .target_bytes = 0, .fields = 200};

enum class ParseStatus : std::uint8_t { kIncomplete, kComplete, kInvalid };

struct ParseOutcome {
  ParseStatus status = ParseStatus::kIncomplete;
  std::size_t bytes = 0;    // of the head, when complete
  int refusal = 0;          // when invalid: 400, 414, 417, 431, 501 or 505 for requests; 502 for responses
  std::string_view reason;  // when invalid: a token for the log, e.g. "bad_content_length"
};

// Parses a request head at the start of `bytes`. When complete, every text of `head` lies in its arena (the head's
// bytes are copied once), framing is interpreted and its fields and those named in Connection are taken out of
// `headers`. Host stays; that of a target in absolute form replaces it. When invalid, `head` has the method and target
// where they could be read, for the log, and nothing else. `head` must be younger than the last reset of its arena.
//
// Strict where RFC 9112 leaves a choice: lines end in CRLF; one empty line before the request line is skipped, no more;
// HTTP/1.2 and higher minor versions are served as 1.1, other major versions get 505; CONNECT gets 501.
ParseOutcome parse_request_head(std::string_view bytes, http::RequestHead& head, const HeadLimits& limits);

// Likewise for the head of a response to `method`. Interim heads (1xx) are returned like others. A status line without
// the space before an empty reason is accepted; Content-Length together with Transfer-Encoding is not.
ParseOutcome parse_response_head(std::string_view bytes, std::string_view method, http::ResponseHead& head,
                                 const HeadLimits& limits);

// Takes the chunked transfer coding apart (RFC 9112 7.1). Feed it what is unread; it says how much it used up.
// Sizes stay below 2^63, size lines within 512 bytes of extension, trailers within 8 KiB.
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

  // Adds copies of the trailer fields, once the body has ended. Fields that mean something in a head only (framing,
  // routing, credentials, Content-Type ...; RFC 9110 6.5.1) are left out.
  void trailers(http::Headers& into) const;
  bool has_trailers() const noexcept { return !trailer_lines_.empty(); }

 private:
  enum class State : std::uint8_t {
    kSize,
    kExtension,
    kSizeLf,
    kData,
    kDataCr,
    kDataLf,
    kTrailerStart,
    kTrailer,
    kEndLf,
    kEnded,
    kBroken
  };
  std::string_view take_data(std::string_view bytes);
  void accept(char c);
  void accept_in_size(char c);
  void accept_in_extension(char c);
  void accept_in_trailer(char c);
  void start_size_line();
  void expect(char c, char wanted, State next);
  void refuse(std::string_view reason);

  State state_ = State::kSize;
  ChunkExtension extension_;
  unsigned size_digits_ = 0;
  std::uint64_t size_ = 0;      // of the present chunk, then what is left of it
  std::size_t line_bytes_ = 0;  // of the extension of the present size line
  std::size_t line_at_ = 0;     // where the present trailer line begins
  std::string trailer_lines_;   // with their CRLF, each well-formed
  std::string_view reason_;
};

// What is written is valid whatever plugins put into a message: fields whose name or value cannot stand in one are left
// out, and so are framing fields (Content-Length, Transfer-Encoding, Connection, Upgrade, Expect, ...), which follow
// from `body`, `upgrade` and `connection` alone. Date and Server are the caller's.

// What a request asks for, in every version of HTTP.
struct RequestLine {
  std::string_view method;
  std::string_view path;  // with leading '/', or "*"
  std::string_view query;
  bool has_query = false;
  std::string_view host;
  bool host_is_checked = false;   // it is known to be valid
  std::string_view upgrade = {};  // the protocol that is asked for, or empty
};
// Error: kInvalid when the method is no token, the path neither begins with '/' nor is "*", or the host is neither
// empty nor host[:port].
Status check(const RequestLine& line);
// Appends a request head: request line, Host first, fields, then framing for `body` and `upgrade`. Bytes of path and
// query that cannot stand in a request line are percent-encoded. Error: that of `check`, and nothing is appended.
Status write_request_head(std::string& out, const RequestLine& line, const http::Headers& headers,
                          http::BodyLength body);

// Appends a response head: status line, fields, then framing for `body` and the connection. 1xx and 204 have no framing
// fields; where `body` is none, `head.announced_length` is written as Content-Length. `head.upgrade` adds Upgrade and
// names it in Connection. A status outside 100..599 becomes 500, an invalid reason the standard phrase.
enum class Connection : std::uint8_t { kKeepAlive, kClose, kKeepAliveForHttp10 };
void write_response_head(std::string& out, const http::ResponseHead& head, http::BodyLength body,
                         Connection connection);

// Appends one chunk of the chunked coding; nothing for an empty piece.
void write_chunk(std::string& out, std::string_view bytes);
// Appends the size line of a chunk whose data and CRLF follow by another way. `bytes` is not 0.
void write_chunk_size(std::string& out, std::size_t bytes);
// Appends the last chunk and the trailers, without those that are invalid or mean something in a head only.
void write_last_chunk(std::string& out, const http::Headers* trailers = nullptr);

}  // namespace sallyport::wire
