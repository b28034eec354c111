#pragma once
// One fetch of a module from a registry (OCI distribution spec 1.1): the manifest, perhaps another one that it names,
// and a layer, each checked against its digest. Belongs to the control thread.

#include "source/fetcher.h"
#include "source/manifest.h"
#include "source/spec.h"
#include "source/visit.h"

#include <cstddef>
#include <string>

namespace sallyport::source {

class Image final {
 public:
  // `spec` names an image.
  Image(Web& web, Spec spec);

  // As Fetcher::fetch, without the hash of the module.
  Task<Result<Fetched>> fetch(std::size_t most_bytes, std::string validator);

 private:
  struct Manifest {
    std::string digest;
    NextPart next;
  };

  Task<Result<Manifest>> read_manifest(std::string name);
  Task<Result<std::string>> read_layer(Descriptor layer, std::size_t most_bytes);
  // A part of the repository, with whatever the registry wants to be shown.
  Task<Result<http::CallAnswer>> ask(std::string part, std::string accept, std::size_t most_bytes);
  Task<Status> log_in(const http::CallAnswer& refusal);
  Task<Status> get_token(std::string realm, std::string service, std::string scope);

  Spec spec_;
  Reference reference_;
  Url registry_;
  Visit visit_;
  std::string authorization_;
};

}  // namespace sallyport::source
