#include "source/manifest.h"

#include <gtest/gtest.h>

#include <string>

namespace sallyport::source {
namespace {

std::string part(const std::string& type, char digit, const std::string& more = "") {
  return R"({"mediaType":")" + type + R"(","digest":"sha256:)" + std::string(64, digit) + R"(","size":7)" + more + "}";
}

std::string image(const std::string& layers) { return R"({"schemaVersion":2,"layers":[)" + layers + "]}"; }
std::string index(const std::string& images) { return R"({"schemaVersion":2,"manifests":[)" + images + "]}"; }

char chosen(const std::string& manifest) {
  auto next = next_part(manifest);
  return next ? next->part.digest.back() : '-';
}

constexpr const char* kImage = "application/vnd.oci.image.manifest.v1+json";
constexpr const char* kArchive = "application/vnd.oci.image.layer.v1.tar+gzip";

TEST(Manifest, OfAnArtifactHasTheModuleAsALayer) {
  for (const char* type : {"application/wasm", "application/vnd.wasm.content.layer.v1+wasm",
                           "application/vnd.module.wasm.content.layer.v1+wasm"}) {
    auto next = next_part(image(part("application/vnd.module.wasm.config.v1+json", '1') + "," + part(type, '2')));
    ASSERT_TRUE(next) << next.error().what;
    EXPECT_TRUE(next->is_layer);
    EXPECT_EQ(next->part.digest.back(), '2');
    EXPECT_EQ(next->part.size, 7u);
  }
}

TEST(Manifest, OfAnImageHasTheModuleInItsLastLayer) {
  EXPECT_EQ(chosen(image(part(kArchive, '1') + "," + part(kArchive, '2'))), '2');
  EXPECT_EQ(chosen(image(part("application/vnd.docker.image.rootfs.diff.tar.gzip", '3'))), '3');
}

TEST(Manifest, WithAModuleAndAnArchivePrefersTheModule) {
  EXPECT_EQ(chosen(image(part("application/wasm", '1') + "," + part(kArchive, '2'))), '1');
}

TEST(Manifest, OfAnIndexNamesTheImageForWasmOrForThisMachineOrTheFirst) {
  const std::string other = part(kImage, '1', R"(,"platform":{"architecture":"s390x","os":"linux"})");
  const std::string wasm = part(kImage, '2', R"(,"platform":{"architecture":"wasm","os":"wasip1"})");
  const std::string attestation = part(kImage, '3', R"(,"platform":{"architecture":"unknown","os":"unknown"})");
  EXPECT_EQ(chosen(index(other + "," + wasm + "," + attestation)), '2');
  EXPECT_EQ(chosen(index(attestation + "," + other)), '1');
  EXPECT_EQ(chosen(index(attestation)), '-');
  EXPECT_FALSE(next_part(index(wasm))->is_layer);
}

TEST(Manifest, ThatIsNoneOrNamesNothingUsableIsRefused) {
  const std::string digest = R"("digest":"sha256:)" + std::string(64, '1') + "\"";
  for (const std::string& manifest :
       {std::string(), std::string("[]"), std::string("{}"), std::string(R"({"schemaVersion":1,"layers":[]})"),
        std::string(R"({"schemaVersion":2})"), image(""), index(""), image(part("text/plain", '1')), image("7"),
        index("null"), image(R"({"mediaType":"application/wasm","size":1,"digest":"sha256:../../etc/passwd"})"),
        image(R"({"mediaType":"application/wasm",)" + digest + "}"),
        image(R"({"mediaType":"application/wasm","size":-1,)" + digest + "}")}) {
    EXPECT_FALSE(next_part(manifest)) << manifest;
  }
}

}  // namespace
}  // namespace sallyport::source
