#include "plugins/wasm/grpc_reader.h"

#include "plugins/wasm/grpc_answer.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace sallyport::wasm {
namespace {

using http::CallFailure;
using testing::ElementsAre;
using testing::HasSubstr;
using testing::IsEmpty;

// "initial 1", "message hi", "trailing 0", "end 7 no", as far as it can tell now.
std::vector<std::string> told(GrpcReader& reader) {
  std::vector<std::string> parts;
  while (auto part = reader.next()) {
    switch (part->callback) {
      case Callback::kGrpcInitialMetadata:
        parts.push_back("initial " + std::to_string(part->headers.size()));
        break;
      case Callback::kGrpcReceive:
        parts.push_back("message " + part->body);
        break;
      case Callback::kGrpcTrailingMetadata:
        parts.push_back("trailing " + std::to_string(part->trailers.size()));
        break;
      default:
        parts.push_back("end " + std::to_string(part->grpc->status) + " " + part->grpc->message);
    }
  }
  return parts;
}

http::CallAnswer head(int status, http::OwnedFields fields = {}) { return {status, std::move(fields), "", {}}; }

struct GrpcReaderTest : testing::Test {
  GrpcReader reader{10};

  void begin() {
    reader.read_head(head(200, {{"x-one", "1"}}), false);
    EXPECT_THAT(told(reader), ElementsAre("initial 1"));
  }
};

TEST_F(GrpcReaderTest, TellsMetadataMessagesAndTheEndInTheirOrder) {
  reader.read_head(head(200, {{"x-one", "1"}}), false);
  reader.read(grpc_frame("one") + grpc_frame(""));
  reader.end({{"grpc-status", "0"}, {"x-last", "2"}});
  EXPECT_THAT(told(reader), ElementsAre("initial 1", "message one", "message ", "trailing 2", "end 0 "));
  EXPECT_TRUE(reader.has_ended());
  EXPECT_THAT(told(reader), IsEmpty());
}

TEST_F(GrpcReaderTest, PutsMessagesTogetherFromAnyPieces) {
  begin();
  const std::string bytes = grpc_frame("one") + grpc_frame("second");
  std::vector<std::string> parts;
  for (char byte : bytes) {
    reader.read(std::string(1, byte));
    for (std::string& part : told(reader)) parts.push_back(std::move(part));
  }
  EXPECT_THAT(parts, ElementsAre("message one", "message second"));
  EXPECT_FALSE(reader.has_ended());
}

TEST_F(GrpcReaderTest, OfAHeadAloneTellsItsFieldsAsTrailingMetadata) {
  reader.read_head(head(200, {{"grpc-status", "7"}, {"grpc-message", "not%20you"}}), true);
  EXPECT_THAT(told(reader), ElementsAre("initial 0", "trailing 2", "end 7 not you"));
}

TEST_F(GrpcReaderTest, WithoutAStatusOfGrpcTakesThatOfHttp) {
  reader.read_head(head(503), true);
  EXPECT_THAT(told(reader), ElementsAre("initial 0", "trailing 0", "end 14 the answer has the HTTP status 503"));
  GrpcReader other(10);
  other.read_head(head(404, {{"content-type", "text/html"}}), false);
  EXPECT_TRUE(other.has_ended());
  EXPECT_THAT(told(other), ElementsAre("initial 1", "trailing 0", "end 12 the answer has the HTTP status 404"));
}

TEST_F(GrpcReaderTest, AStatusInTheHeadCountsWhereNothingButTheEndFollowed) {
  reader.read_head(head(200, {{"grpc-status", "5"}}), false);
  reader.end({});
  EXPECT_THAT(told(reader), ElementsAre("initial 1", "trailing 0", "end 5 "));
}

TEST_F(GrpcReaderTest, AnEndWithoutAStatusIsUnknown) {
  begin();
  reader.end({});
  EXPECT_THAT(told(reader), ElementsAre("trailing 0", "end 2 the answer has no grpc-status"));
}

TEST_F(GrpcReaderTest, AStatusThatIsNoneIsUnknown) {
  for (const char* status : {"17", "-1", "x", ""}) {
    GrpcReader one(10);
    one.read_head(head(200, {{"grpc-status", status}}), true);
    EXPECT_THAT(told(one), ElementsAre("initial 0", "trailing 1", "end 2 ")) << status;
  }
}

TEST_F(GrpcReaderTest, AMessageOverTheLimitEndsItBeforeItHasCome) {
  begin();
  reader.read(grpc_frame("0123456789") + grpc_frame("0123456789a").substr(0, 5));
  EXPECT_THAT(told(reader), ElementsAre("message 0123456789", "trailing 0",
                                        HasSubstr("end 8 a message of the answer has 11 bytes; raise max_http")));
  EXPECT_TRUE(reader.has_ended());
}

TEST_F(GrpcReaderTest, ACompressedMessageEndsIt) {
  begin();
  reader.read(std::string("\1\0\0\0\2hi", 7));
  EXPECT_THAT(told(reader), ElementsAre("trailing 0", "end 13 a message of the answer is compressed"));
}

TEST_F(GrpcReaderTest, AnAnswerThatEndsWithinAMessageIsNotWell) {
  begin();
  reader.read(grpc_frame("hi").substr(0, 6));
  reader.end({{"grpc-status", "0"}});
  EXPECT_THAT(told(reader), ElementsAre("trailing 0", "end 13 the answer ends within a message"));
}

TEST_F(GrpcReaderTest, WhatBreaksOffEndsBehindTheMessagesThatCame) {
  begin();
  reader.read(grpc_frame("hi") + "\0");
  reader.fail(grpc_end_of({CallFailure::Kind::kBroken, "it broke"}));
  EXPECT_THAT(told(reader), ElementsAre("message hi", "trailing 0", "end 14 it broke"));
}

TEST_F(GrpcReaderTest, NobodyThereIsAnEndAlone) {
  reader.fail(grpc_end_of({CallFailure::Kind::kTimeout, "too late"}));
  reader.fail({8, "again"});
  EXPECT_THAT(told(reader), ElementsAre("trailing 0", "end 4 too late"));
}

}  // namespace
}  // namespace sallyport::wasm
