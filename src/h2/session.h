#pragma once
// One end of an HTTP/2 connection (RFC 9113) without its socket: bytes that arrive go in, bytes that are to leave come
// out. nghttp2 keeps the states of frames, streams, windows and HPACK, and checks messages (RFC 9113 8) as they come;
// its functions work on `raw`. A Session belongs to one worker.

#include "base/result.h"
#include "http/headers.h"

#include <nghttp2/nghttp2.h>

#include <cstddef>
#include <cstdint>
#include <memory>
#include <string>
#include <string_view>

namespace sallyport::h2 {

using StreamId = std::int32_t;

// A piece of a body that is to leave. Nothing to send now: `bytes` is 0 and it is not the last; Session::resume asks
// again. Trailers go with the last piece only.
struct Offer {
  std::size_t bytes = 0;
  bool is_last = false;
  const http::Headers* trailers = nullptr;
};

// Whom a Session tells what comes in, and asks for what goes out, while it takes in or gives out. Meanwhile neither of
// these may be called again; submitting is allowed. Resuming coroutines waits until the call has returned, because what
// they do next may end streams that nghttp2 is at.
class SessionListener {
 public:
  // Of every frame whose head has arrived, of unknown types too, before anything is known about the rest of it. False:
  // enough; `receive` fails.
  virtual bool frame_begins(const nghttp2_frame_hd& head) noexcept = 0;
  // A field section begins: of a request, a response or trailers, as `frame.headers.cat` says.
  virtual void fields_begin(const nghttp2_frame& frame) noexcept = 0;
  // Valid by RFC 9113, pseudo fields included. False: the stream is reset.
  virtual bool field_arrived(StreamId stream, std::string_view name, std::string_view value) noexcept = 0;
  // The whole frame, with its field section if it has one, has arrived. DATA comes piece by piece before.
  virtual void frame_arrived(const nghttp2_frame& frame) noexcept = 0;
  // Bytes count against both windows until `consume` gives them back.
  virtual void data_arrived(StreamId stream, std::string_view bytes) noexcept = 0;
  // A frame that broke the rules of its stream, which is reset; `error` is nghttp2's.
  virtual void frame_refused(const nghttp2_frame& frame, int error) noexcept = 0;
  virtual void frame_sent(const nghttp2_frame& frame) noexcept = 0;
  // Both sides have ended, or one has reset it; `code` is that of RFC 9113 7.
  virtual void stream_closed(StreamId stream, std::uint32_t code) noexcept = 0;
  // What of the body of `stream` may leave now, at most `most` bytes.
  virtual Offer offer(StreamId stream, std::size_t most) noexcept = 0;
  // Appends the first `bytes` of what was offered last, which have left then.
  virtual void take_offered(StreamId stream, std::size_t bytes, std::string& to) noexcept = 0;

 protected:
  ~SessionListener() = default;
};

class Session {
 public:
  enum class Role : std::uint8_t { kServer, kClient };

  // Limits that nghttp2 keeps; the others are those of the listener.
  struct Limits {
    std::size_t unsent_acks = 100;          // of PING and SETTINGS; with more the connection ends
    std::size_t settings = 32;              // in one frame
    std::size_t continuations = 8;          // behind one HEADERS frame
    std::uint64_t resets = 1000;            // RST_STREAM frames of the peer at once (servers only) ...
    std::uint64_t resets_per_second = 100;  // ... which come back so fast
  };

  Session(Role role, const Limits& limits, SessionListener& listener);
  Session(const Session&) = delete;
  Session& operator=(const Session&) = delete;
  ~Session();

  // Takes all of them in. Error: kProtocol, or kLimit when the peer goes beyond the limits or the listener has enough;
  // the connection is over, but what `produce` gives should still be sent.
  Status receive(std::string_view bytes);
  // Appends what is to be sent, until that are `enough` bytes or nothing is left. Error: kInternal.
  Status produce(std::string& to, std::size_t enough);
  // Whether the connection has something to send, or waits for anything that may arrive. Neither: it is over.
  bool wants_to_send() const noexcept { return nghttp2_session_want_write(session_.get()) != 0; }
  bool wants_to_receive() const noexcept { return nghttp2_session_want_read(session_.get()) != 0; }

  // What gives and takes the body of a stream: for nghttp2_submit_request and nghttp2_submit_response.
  nghttp2_data_provider body_provider() noexcept;
  // There is something to offer again.
  void resume(StreamId stream) noexcept { nghttp2_session_resume_data(session_.get(), stream); }
  // The peer may send so many bytes more, on the stream, which may have been closed, and on the connection.
  void consume(StreamId stream, std::size_t bytes) noexcept;
  // What the peer gets is the code, of RFC 9113 7. Nothing more of the stream leaves.
  void reset(StreamId stream, std::uint32_t code) noexcept;

  nghttp2_session* raw() noexcept { return session_.get(); }

 private:
  struct Callbacks;
  struct Delete {
    void operator()(nghttp2_session* session) const noexcept { nghttp2_session_del(session); }
  };

  SessionListener& listener_;
  std::string* output_ = nullptr;  // while `produce` runs
  std::unique_ptr<nghttp2_session, Delete> session_;
};

// Of nghttp2's error numbers, which are negative.
std::string describe(int error);
// Of the codes of RFC 9113 7: "PROTOCOL_ERROR".
std::string_view name_of_code(std::uint32_t code) noexcept;

}  // namespace sallyport::h2
