#include "wire/h1.h"

#include <gtest/gtest.h>

namespace sallyport::wire {
namespace {

struct Decoded {
  ChunkedDecoder decoder;
  ParseStatus status = ParseStatus::kIncomplete;
  std::string data;
  std::string_view reason;
  std::size_t consumed = 0;

  explicit Decoded(std::string_view bytes) {
    while (status == ParseStatus::kIncomplete && consumed < bytes.size()) {
      ChunkedDecoder::Step step = decoder.next(bytes.substr(consumed));
      consumed += step.consumed;
      data += step.data;
      status = step.status;
      reason = step.reason;
    }
  }
  bool complete() const { return status == ParseStatus::kComplete; }
  bool invalid() const { return status == ParseStatus::kInvalid; }
};

TEST(ChunkedDecoder, JoinsPiecesAndStopsAtTheEnd) {
  std::string_view body = "5\r\nhello\r\n00A;x=\"y;\\\"\" ; z\r\n0123456789\r\n0\r\n\r\n";
  Decoded decoded(std::string(body) + "GET /");
  ASSERT_TRUE(decoded.complete());
  EXPECT_EQ(decoded.data, "hello0123456789");
  EXPECT_EQ(decoded.consumed, body.size());
  EXPECT_FALSE(decoded.decoder.has_trailers());
}

TEST(ChunkedDecoder, StaysEndedAndStaysBroken) {
  Decoded ended("0\r\n\r\n");
  EXPECT_EQ(ended.decoder.next("5\r\n").status, ParseStatus::kComplete);
  EXPECT_EQ(ended.decoder.next("5\r\n").consumed, 0u);
  Decoded broken("x");
  EXPECT_EQ(broken.decoder.next("0\r\n\r\n").status, ParseStatus::kInvalid);
}

TEST(ChunkedDecoder, SizesThatDoNotFitAreRefused) {
  EXPECT_TRUE(Decoded("8000000000000000\r\n").invalid());
  EXPECT_TRUE(Decoded("8000000000000005\r\n").invalid());
  EXPECT_TRUE(Decoded("FFFFFFFFFFFFFFFFF\r\n").invalid());
  EXPECT_TRUE(Decoded("00000000000000001\r\n").invalid());
  EXPECT_FALSE(Decoded("7FFFFFFFFFFFFFFF\r\nx").invalid());
}

TEST(ChunkedDecoder, SizeLinesAreStrict) {
  for (const char* bytes :
       {"\r\n",       "-1\r\n",         "+1\r\n",      "0x1\r\n",     " 1\r\n",    "1 \r\n",     "1\n",
        "1\rx",       "1;\r\n",         "1;;\r\n",     "1;a=\r\n",    "1;a b\r\n", "1;a\nb\r\n", "1;a\rb\r\n",
        "1;a=\"\r\n", "1;a=\"x\"y\r\n", "1;a=b c\r\n", "1;a\x01\r\n", "1,1\r\n",   ";a\r\n",     "g\r\n"}) {
    EXPECT_TRUE(Decoded(bytes).invalid()) << bytes;
  }
  for (const char* bytes :
       {"1;a\r\n", "1 ; a = b\r\n", "1;a;b=c;d=\"e f\"\r\n", "1;a=\"\xc3\xa4\"\r\n", "1;a=\"\\\"\"\r\n"}) {
    EXPECT_FALSE(Decoded(bytes).invalid()) << bytes;
  }
}

TEST(ChunkedDecoder, DataEndsInCrlf) {
  EXPECT_TRUE(Decoded("1\r\nab").invalid());
  EXPECT_TRUE(Decoded("1\r\na\n").invalid());
  EXPECT_TRUE(Decoded("1\r\na\rb").invalid());
}

TEST(ChunkedDecoder, GivesTrailersButThoseOfHeadsOnly) {
  Decoded decoded(
      "0\r\nGrpc-Status: 0\r\nHost: evil\r\nContent-Length: 5\r\nX-Forwarded-For: 1\r\nAuthorization: x\r\nIf-Match: "
      "x\r\n"
      "X-Sum:\tabc \r\n\r\n");
  ASSERT_TRUE(decoded.complete());
  EXPECT_TRUE(decoded.decoder.has_trailers());
  Arena arena;
  http::Headers trailers(arena);
  decoded.decoder.trailers(trailers);
  ASSERT_EQ(trailers.size(), 2u);
  EXPECT_EQ(trailers.get("grpc-status"), "0");
  EXPECT_EQ(trailers.get("x-sum"), "abc");
}

TEST(ChunkedDecoder, TrailersAreFieldLinesWithinALimit) {
  EXPECT_TRUE(Decoded("0\r\nGET / HTTP/1.1\r\n").invalid());
  EXPECT_TRUE(Decoded("0\r\nX: a\n").invalid());
  EXPECT_TRUE(Decoded("0\r\n X: a\r\n").invalid());
  EXPECT_TRUE(Decoded("0\r\n: a\r\n").invalid());
  EXPECT_TRUE(Decoded("0\r\nX: a\r\n\n").invalid());
  EXPECT_TRUE(Decoded("0\r\nX: " + std::string(8200, 'a')).invalid());
}

}  // namespace
}  // namespace sallyport::wire
