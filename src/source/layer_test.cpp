#include "source/layer.h"

#include "source/tar_fixture.h"

#include <gtest/gtest.h>

namespace sallyport::source {
namespace {

constexpr std::size_t kMost = 100'000;
const std::string kModule("\0asm\1\0\0\0", 8);
const std::string kEnd(1024, '\0');

std::string found(const std::string& layer) {
  auto module = module_in_layer(layer, kMost);
  return module ? *module : "refused: " + module.error().what;
}

TEST(Layer, MayBeTheModuleItself) {
  EXPECT_EQ(found(kModule), kModule);
  EXPECT_EQ(module_in_layer(kModule + std::string(kMost, 'x'), kMost).error().code, ErrorCode::kLimit);
}

TEST(Layer, MayBeAnArchiveWithPluginWasmInItsRoot) {
  for (const char* name : {"plugin.wasm", "./plugin.wasm", "/plugin.wasm"}) {
    const std::string archive = tar_member("etc/", "", '5') + tar_member("README", "hello") + tar_member(name, kModule);
    EXPECT_EQ(found(archive + kEnd), kModule) << name;
    EXPECT_EQ(found(gzip(archive + kEnd)), kModule) << name;
  }
}

TEST(Layer, MayConsistOfSeveralPartsOfGzip) {
  const std::string first = tar_member("README", "hello"), second = tar_member("plugin.wasm", kModule) + kEnd;
  EXPECT_EQ(found(gzip(first) + gzip(second)), kModule);
}

TEST(Layer, IsRefusedWhereTheFileIsNoRegularOneInTheRoot) {
  const std::string prefixed = [] {
    std::string header = tar_member("plugin.wasm", kModule);
    header.replace(345, 3, "dir");
    return header;
  }();
  for (const std::string& member :
       {tar_member("dir/plugin.wasm", kModule), tar_member("../plugin.wasm", kModule),
        tar_member("plugin.wasm", "", '2'), tar_member("plugin.wasm", "", '1'), tar_member("plugin.wasm", "", '5'),
        tar_member("plugin.wasm.bak", kModule), prefixed}) {
    EXPECT_TRUE(found(gzip(member + kEnd)).starts_with("refused: ")) << member.substr(0, 30);
  }
}

TEST(Layer, ThatEndsInTheMiddleIsRefused) {
  const std::string archive = tar_member("plugin.wasm", kModule + std::string(2000, 'x'));
  EXPECT_TRUE(found(gzip(archive.substr(0, 600))).starts_with("refused: "));
  EXPECT_TRUE(found(gzip(archive.substr(0, 300))).starts_with("refused: "));
  const std::string packed = gzip(archive);
  for (std::size_t size = 2; size < packed.size(); ++size) {
    const std::string outcome = found(packed.substr(0, size));
    EXPECT_TRUE(outcome.starts_with("refused: ") || outcome.size() == kModule.size() + 2000) << size;
  }
}

TEST(Layer, WithSizesThatLieIsRefused) {
  for (const std::string& size : {std::string("77777777777"), std::string("-0000000001"), std::string("99999999999"),
                                  "\x80" + std::string(11, '\xff'), "\xff" + std::string(11, '\xff')}) {
    EXPECT_TRUE(found(gzip(tar_header("plugin.wasm", size) + kModule + kEnd)).starts_with("refused: ")) << size;
    EXPECT_TRUE(found(gzip(tar_header("other", size) + kModule + kEnd)).starts_with("refused: ")) << size;
  }
}

TEST(Layer, WithAWrongChecksumIsNoArchive) {
  std::string archive = tar_member("plugin.wasm", kModule) + kEnd;
  archive[0] = 'q';
  EXPECT_TRUE(found(archive).starts_with("refused: "));
  EXPECT_TRUE(found(gzip(archive)).starts_with("refused: "));
}

TEST(Layer, ThatUnpacksToFarMoreThanAModuleIsRefused) {
  const std::string bomb =
      gzip(tar_member("zeros", std::string(40 * kMost, '\0')) + tar_member("plugin.wasm", kModule));
  auto refused = module_in_layer(bomb, kMost);
  ASSERT_FALSE(refused);
  EXPECT_EQ(refused.error().code, ErrorCode::kLimit);
  auto large = module_in_layer(gzip(tar_member("plugin.wasm", std::string(kMost + 1, 'x'))), kMost);
  ASSERT_FALSE(large);
  EXPECT_EQ(large.error().code, ErrorCode::kLimit);
}

TEST(Layer, OfAnotherKindSaysWhatToDo) {
  EXPECT_NE(found(std::string("\x28\xb5\x2f\xfdxxxx")).find("push it with gzip"), std::string::npos);
  EXPECT_TRUE(found("").starts_with("refused: "));
  EXPECT_TRUE(found(std::string(5000, 'x')).starts_with("refused: "));
}

}  // namespace
}  // namespace sallyport::source
