#pragma once
// Modules of declared plugins that were fetched, by where they came from, so that a start needs no network. A folder
// for its owner alone: each module in a file named after its hash, which is checked whenever it is looked for, and an
// index. Belongs to the control thread.

#include "base/result.h"
#include "source/spec.h"
#include "store/blob_folder.h"

#include <string>
#include <string_view>
#include <utility>

namespace sallyport::app {

class SourceCache final {
 public:
  // The folder is made with the first module.
  explicit SourceCache(std::string folder) : folder_(std::move(folder)), blobs_(folder_) {}

  // The hash of what was fetched from there last; empty when there is none, or it is damaged.
  std::string find(const source::Spec& spec) const;
  // The file of a hash.
  std::string path_of(const std::string& sha256) const { return folder_ + "/" + sha256; }
  // Durable when it returns. Error: kUnavailable, naming the file.
  Status put(const source::Spec& spec, std::string_view module);

 private:
  std::string index_file() const { return folder_ + "/index.json"; }

  std::string folder_;
  store::BlobFolder blobs_;
};

}  // namespace sallyport::app
