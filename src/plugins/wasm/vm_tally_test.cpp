#include "plugins/wasm/vm_tally.h"

#include <gtest/gtest.h>

namespace sallyport::wasm {
namespace {

std::string text_of(const VmTally& tally) {
  std::string text;
  tally.append_to(text);
  return text;
}

TEST(VmTally, SaysNothingBeforeThereIsAVm) { EXPECT_EQ(text_of(VmTally()), ""); }

TEST(VmTally, CountsTrapsByPluginCallbackAndReason) {
  VmTally tally;
  tally.trapped("a\"b", "proxy_on_log", TrapKind::kTime);
  tally.trapped("a\"b", "proxy_on_log", TrapKind::kTime);
  tally.trapped("c", "_start", TrapKind::kOther);
  EXPECT_EQ(text_of(tally),
            "# HELP sallyport_wasm_traps_total Traps of plugins, by the callback and the reason\n"
            "# TYPE sallyport_wasm_traps_total counter\n"
            "sallyport_wasm_traps_total{plugin=\"a\\\"b\",callback=\"proxy_on_log\",reason=\"time\"} 2\n"
            "sallyport_wasm_traps_total{plugin=\"c\",callback=\"_start\",reason=\"other\"} 1\n");
}

TEST(VmTally, KnowsHowManyVmsThereAre) {
  VmTally tally;
  {
    LiveVm one(tally, "a");
    LiveVm two(tally, "a");
    EXPECT_NE(text_of(tally).find("sallyport_wasm_vms{plugin=\"a\"} 2\n"), std::string::npos);
    two.end();
    two.end();
    EXPECT_NE(text_of(tally).find("sallyport_wasm_vms{plugin=\"a\"} 1\n"), std::string::npos);
  }
  EXPECT_EQ(text_of(tally), "");
}

TEST(VmTally, NamesWithoutEndTakeNoMemoryWithoutEnd) {
  VmTally tally;
  for (std::size_t i = 0; i < VmTally::kMostSeries + 50; ++i) {
    tally.trapped("p" + std::to_string(i), "proxy_on_log", TrapKind::kStack);
    tally.restarted("p" + std::to_string(i));
  }
  std::string text = text_of(tally);
  EXPECT_NE(text.find("{plugin=\"(others)\",callback=\"proxy_on_log\",reason=\"stack\"} 50\n"), std::string::npos);
  EXPECT_NE(text.find("sallyport_wasm_vm_restarts_total{plugin=\"(others)\"} 50\n"), std::string::npos);
}

}  // namespace
}  // namespace sallyport::wasm
