#include "tls/system_authorities.h"

#include <openssl/pem.h>
#include <openssl/x509_vfy.h>

#include <cstdlib>
#include <mutex>

namespace sallyport::tls {
namespace {

// The state of one look-up: whether the file is in its store.
struct File {
  std::once_flag read;
};

const char* file_name() {
  const char* named = ::secure_getenv(X509_get_default_cert_file_env());
  return named ? named : X509_get_default_cert_file();
}

// What cannot be read is not trusted: the verification then fails and says what is missing.
void read_into(X509_STORE& store) {
  BioPtr file(BIO_new_file(file_name(), "r"));
  while (file) {
    X509Ptr next(PEM_read_bio_X509_AUX(file.get(), nullptr, nullptr, nullptr));
    if (!next) break;
    X509_STORE_add_cert(&store, next.get());
  }
  ERR_clear_error();
}

// One of the store, which keeps it; null: there is none of that name.
X509* find_in(X509_STORE& store, const X509_NAME* subject) {
  X509_STORE_lock(&store);
  X509_OBJECT* object = X509_OBJECT_retrieve_by_subject(X509_STORE_get0_objects(&store), X509_LU_X509, subject);
  X509* certificate = object ? X509_OBJECT_get0_X509(object) : nullptr;
  X509_STORE_unlock(&store);
  return certificate;
}

int begin(X509_LOOKUP* lookup) { return X509_LOOKUP_set_method_data(lookup, new File); }

void end(X509_LOOKUP* lookup) { delete static_cast<File*>(X509_LOOKUP_get_method_data(lookup)); }

// Called by verifications, on any thread, when neither the store nor the directory has it.
int find(X509_LOOKUP* lookup, X509_LOOKUP_TYPE type, const X509_NAME* subject, X509_OBJECT* found) {
  if (type != X509_LU_X509) return 0;
  X509_STORE& store = *X509_LOOKUP_get_store(lookup);
  auto& file = *static_cast<File*>(X509_LOOKUP_get_method_data(lookup));
  std::call_once(file.read, [&] { read_into(store); });
  X509* certificate = find_in(store, subject);
  if (!certificate || X509_OBJECT_set1_X509(found, certificate) != 1) return 0;
  X509_free(certificate);  // what a look-up finds belongs to the store: OpenSSL takes a reference of its own
  return 1;
}

X509_LOOKUP_METHOD* read_late() {
  static X509_LOOKUP_METHOD* const method = [] {
    X509_LOOKUP_METHOD* made = X509_LOOKUP_meth_new("a file that is read when it is needed");
    X509_LOOKUP_meth_set_new_item(made, begin);
    X509_LOOKUP_meth_set_free(made, end);
    X509_LOOKUP_meth_set_get_by_subject(made, find);
    return made;
  }();
  return method;
}

}  // namespace

void trust_system(SSL_CTX& context) {
  SSL_CTX_set_default_verify_dir(&context);
  X509_STORE_add_lookup(SSL_CTX_get_cert_store(&context), read_late());
}

}  // namespace sallyport::tls
