#include "http/grpc.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace sallyport::http {
namespace {

using testing::ElementsAre;
using testing::Pair;

TEST(Grpc, IsToldByItsContentType) {
  for (const char* type : {"application/grpc", "application/grpc+proto", "Application/gRPC; charset=utf-8"}) {
    EXPECT_TRUE(is_grpc(std::string_view(type))) << type;
  }
  for (const char* type : {"application/grpc-web", "application/grpcx", "application/json", ""}) {
    EXPECT_FALSE(is_grpc(std::string_view(type))) << type;
  }
}

TEST(Grpc, StatusesFollowThoseOfHttp) {
  EXPECT_EQ(grpc_status_of(404), grpc::kUnimplemented);
  EXPECT_EQ(grpc_status_of(401), grpc::kUnauthenticated);
  EXPECT_EQ(grpc_status_of(503), grpc::kUnavailable);
  EXPECT_EQ(grpc_status_of(418), grpc::kUnknown);
}

TEST(Grpc, TimeoutsHaveAUnitAndDoNotOverflow) {
  EXPECT_EQ(parse_grpc_timeout("1S"), Milliseconds(1000));
  EXPECT_EQ(parse_grpc_timeout("20m"), Milliseconds(20));
  EXPECT_EQ(parse_grpc_timeout("1500u"), Milliseconds(2));
  EXPECT_EQ(parse_grpc_timeout("1n"), Milliseconds(1));
  EXPECT_EQ(parse_grpc_timeout("0m"), Milliseconds(1));
  EXPECT_EQ(parse_grpc_timeout("99999999H"), Milliseconds(99'999'999LL * 3'600'000));
  for (const char* bad : {"", "S", "1", "1s", "-1S", "1 S", "100000000H", "1SS"}) {
    EXPECT_FALSE(parse_grpc_timeout(bad)) << bad;
  }
}

TEST(Grpc, AnAnswerIsAHeadAlone) {
  Response answer = Response::error(502, "bad");
  answer.headers.emplace_back("x-a", "b");
  make_grpc_answer(answer, 14, "50%\n");
  EXPECT_EQ(answer.status, 200);
  EXPECT_EQ(answer.body, "");
  EXPECT_THAT(answer.headers, ElementsAre(Pair("x-a", "b"), Pair("Content-Type", "application/grpc"),
                                          Pair("grpc-status", "14"), Pair("grpc-message", "50%25%0A")));
}

}  // namespace
}  // namespace sallyport::http
