#include "plugins/wasm/abi/response_flags.h"

#include "exchange/exchange_fixture.h"

#include <gtest/gtest.h>

namespace sallyport::wasm::abi {
namespace {

using Flags = std::optional<std::uint64_t>;

class ResponseFlags : public testing::Test, protected exchange::ExchangeFixture {
 protected:
  Flags of(std::string_view reason) {
    exchange.reason = reason;
    return response_flags(exchange);
  }
};

TEST_F(ResponseFlags, AnAnswerOfTheUpstreamOrAPluginHasNone) {
  for (std::string_view reason : {"", "plugin:jwt", "plugin:zzz"}) EXPECT_EQ(of(reason), Flags(0)) << reason;
}

TEST_F(ResponseFlags, WhatTheGatewayAnswersHasThatOfItsCause) {
  EXPECT_EQ(of("no_upstream"), Flags(0x2));           // UH
  EXPECT_EQ(of("upstream_timeout"), Flags(0x4));      // UT
  EXPECT_EQ(of("deadline_exceeded"), Flags(0x4));     //
  EXPECT_EQ(of("upstream_refused"), Flags(0x20));     // UF
  EXPECT_EQ(of("upstream_closed"), Flags(0x40));      // UC
  EXPECT_EQ(of("upstream_broke_off"), Flags(0x40));   //
  EXPECT_EQ(of("no_route"), Flags(0x100));            // NR
  EXPECT_EQ(of("client_closed"), Flags(0x4000));      // DC
  EXPECT_EQ(of("no_upstream_left"), Flags(0x8000));   // URX
  EXPECT_EQ(of("client_timeout"), Flags(0x10000));    // SI
  EXPECT_EQ(of("bad_request_body"), Flags(0x40000));  // DPE
  EXPECT_EQ(of("plugin_config_missing"), Flags(0x200000));
  EXPECT_EQ(of("upstream_protocol"), Flags(0x800000));
  EXPECT_EQ(of("upstream_missing"), Flags(0x1000000));
  EXPECT_EQ(of("overload"), Flags(0x2000000));
  EXPECT_EQ(of("request_body_too_large"), Flags(0));  // Envoy has no flag for 413
}

TEST_F(ResponseFlags, NothingIsSaidOfWhatNobodyKnows) {
  for (std::string_view reason : {"internal", "upstream_failed", "aaa", "zzz"})
    EXPECT_EQ(of(reason), Flags()) << reason;
}

TEST_F(ResponseFlags, AnInjectedDelayOrFaultIsTold) {
  exchange.delay_injected = true;
  EXPECT_EQ(of(""), Flags(0x200));
  EXPECT_EQ(of("upstream_refused"), Flags(0x220));
  exchange.abort_injected = true;
  EXPECT_EQ(of("plugin:fault-injection"), Flags(0x600));
  exchange.delay_injected = false;
  EXPECT_EQ(of("plugin:fault-injection"), Flags(0x400));
  EXPECT_EQ(of(""), Flags(0x400)) << "one below 400 has no reason";
}

}  // namespace
}  // namespace sallyport::wasm::abi
