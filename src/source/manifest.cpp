#include "source/manifest.h"

#include "json/parse.h"
#include "source/reference.h"

#include <algorithm>
#include <array>
#include <optional>

namespace sallyport::source {
namespace {

using namespace std::string_view_literals;

constexpr std::array kModuleTypes{"application/wasm"sv, "application/vnd.wasm.content.layer.v1+wasm"sv,
                                  "application/vnd.module.wasm.content.layer.v1+wasm"sv};
constexpr std::array kArchiveTypes{
    "application/vnd.oci.image.layer.v1.tar+gzip"sv, "application/vnd.docker.image.rootfs.diff.tar.gzip"sv,
    "application/vnd.oci.image.layer.v1.tar"sv, "application/vnd.docker.image.rootfs.diff.tar"sv};

#if defined(__aarch64__)
constexpr std::string_view kOwnArchitecture = "arm64";
#else
constexpr std::string_view kOwnArchitecture = "amd64";
#endif

std::unexpected<Error> wrong(std::string what) { return fail(ErrorCode::kInvalid, "its manifest " + std::move(what)); }

Result<Descriptor> descriptor_of(const json::Value& value) {
  Descriptor descriptor{value.string_or("mediaType", ""), value.string_or("digest", ""), 0};
  const std::int64_t size = value.integer_or("size", -1);
  if (!is_digest(descriptor.digest)) return wrong("names a part without a digest by SHA-256");
  if (size < 0) return wrong("names a part without its size");
  descriptor.size = static_cast<std::uint64_t>(size);
  return descriptor;
}

// How much an image of an index is wanted. Attestations that tools put beside images have an unknown platform.
int rank(const json::Value& entry) {
  const json::Value* platform = entry.find("platform");
  if (!platform) return 1;
  const std::string architecture = platform->string_or("architecture", "");
  if (architecture.starts_with("wasm")) return 3;
  if (architecture == "unknown") return 0;
  return architecture == kOwnArchitecture ? 2 : 1;
}

Result<NextPart> image_of(const json::Array& images) {
  const json::Value* best = nullptr;
  for (const json::Value& image : images) {
    if (rank(image) > (best ? rank(*best) : 0)) best = &image;
  }
  if (!best) return wrong("is an index without an image");
  TRY(Descriptor image, descriptor_of(*best));
  return NextPart{false, std::move(image)};
}

Result<NextPart> layer_of(const json::Array& layers) {
  auto has_type = [](const json::Value& layer, const auto& types) {
    return std::ranges::find(types, layer.string_or("mediaType", "")) != types.end();
  };
  const json::Value* best = nullptr;
  for (const json::Value& layer : layers) {
    if (has_type(layer, kArchiveTypes)) best = &layer;
  }
  auto module = std::ranges::find_if(layers, [&](const auto& layer) { return has_type(layer, kModuleTypes); });
  if (module != layers.end()) best = &*module;
  if (!best) {
    std::string types;
    for (const json::Value& layer : layers) types += (types.empty() ? "" : ", ") + layer.string_or("mediaType", "none");
    return wrong("has no layer that can be a module (application/wasm, or tar with gzip), but: " +
                 types.substr(0, 500));
  }
  TRY(Descriptor layer, descriptor_of(*best));
  return NextPart{true, std::move(layer)};
}

}  // namespace

std::string_view manifest_types() noexcept {
  return "application/vnd.oci.image.manifest.v1+json, application/vnd.oci.image.index.v1+json, "
         "application/vnd.docker.distribution.manifest.v2+json, "
         "application/vnd.docker.distribution.manifest.list.v2+json";
}

Result<NextPart> next_part(std::string_view text) {
  auto manifest = json::parse(text);
  if (!manifest) return wrong("is no JSON: " + manifest.error().what);
  if (manifest->integer_or("schemaVersion", 0) != 2) return wrong("is not of schema version 2");
  if (const json::Value* images = manifest->find("manifests"); images && images->is_array()) {
    return image_of(images->array());
  }
  if (const json::Value* layers = manifest->find("layers"); layers && layers->is_array()) {
    return layer_of(layers->array());
  }
  return wrong("has neither layers nor manifests");
}

}  // namespace sallyport::source
