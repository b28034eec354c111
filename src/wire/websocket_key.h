#pragma once
// The key of a WebSocket handshake in HTTP/1.1, and what proves that a server has read it (RFC 6455 4.1, 4.2.2).

#include <string>
#include <string_view>

namespace sallyport::wire {

// For Sec-WebSocket-Key: 16 bytes that nobody can guess, in base64.
std::string make_websocket_key();
// What Sec-WebSocket-Accept is to be then.
std::string websocket_accept(std::string_view key);

}  // namespace sallyport::wire
