#pragma once
// A HTTP message that has been read to its end, as a person sees it. Plain values.

#include "http/call.h"
#include "http/message.h"

#include <string>

namespace sallyport::app {

struct WholeMessage {
  std::string first_line;    // "GET / HTTP/1.1", "HTTP/1.1 200 OK"
  int status = 0;            // of a response
  http::OwnedFields fields;  // with Content-Length or Transfer-Encoding, as it was framed
  std::string body;
  http::OwnedFields trailers;
};

WholeMessage whole(const http::RequestHead& head);
WholeMessage whole(const http::ResponseHead& head);

// Adds a piece of its body, and trailers with the last one.
void add_piece(WholeMessage& message, const http::Chunk& piece);

}  // namespace sallyport::app
