#include "plugins/wasm/function_names.h"

#include <gtest/gtest.h>

namespace sallyport::wasm {
namespace {

TEST(FunctionNames, RustNamesOfBothManglingsAreReadable) {
  EXPECT_EQ(readable_name("_RNvNtCsltCTEextEob_3std9panicking15panic_with_hook"), "std::panicking::panic_with_hook");
  EXPECT_EQ(readable_name("_ZN4core6option13unwrap_failed17h0123456789abcdefE"), "core::option::unwrap_failed");
}

TEST(FunctionNames, NamesOfCppAreReadable) {
  EXPECT_EQ(readable_name("_ZN6plugin5parseEPKc"), "plugin::parse(char const*)");
}

TEST(FunctionNames, OtherNamesStayAsTheyAre) {
  EXPECT_EQ(readable_name("main.(*exchange).OnHttpResponseHeaders"), "main.(*exchange).OnHttpResponseHeaders");
  EXPECT_EQ(readable_name("_Zbroken"), "_Zbroken");
  EXPECT_EQ(readable_name("_R"), "_R");
  EXPECT_EQ(readable_name(""), "");
}

TEST(FunctionNames, WhatOnlyCarriesAPanicIsKnown) {
  EXPECT_TRUE(carries_panic("__rustc::__rust_abort"));
  EXPECT_TRUE(carries_panic("abort"));
  EXPECT_FALSE(carries_panic("abort_the_upload"));
  EXPECT_TRUE(carries_panic("std::panicking::panic_with_hook"));
  EXPECT_TRUE(carries_panic("core::panicking::panic_fmt"));
  EXPECT_FALSE(carries_panic("core::option::unwrap_failed"));
  EXPECT_FALSE(carries_panic("add_header_rust::settings::Settings::parse"));
  EXPECT_FALSE(carries_panic(""));
}

}  // namespace
}  // namespace sallyport::wasm
