// Ownership of OpenSSL's keys and X.509 objects, and of what it leaves in the error queue.
#pragma once

#include <openssl/bio.h>
#include <openssl/err.h>
#include <openssl/evp.h>
#include <openssl/x509.h>
#include <openssl/x509_vfy.h>
#include <openssl/x509v3.h>

#include <memory>

namespace sallyport::cms {

/// Deleter that calls the type's own free function.
template <auto release>
struct ReleaseBy {
  template <typename Object>
  void operator()(Object* object) const noexcept {
    release(object);
  }
};

template <typename Object, auto release>
using Handle = std::unique_ptr<Object, ReleaseBy<release>>;

inline void releaseCertificates(STACK_OF(X509) * certificates) noexcept {
  sk_X509_pop_free(certificates, X509_free);
}

using Certificate = Handle<X509, X509_free>;
using CertificateStack = Handle<STACK_OF(X509), releaseCertificates>;
using Key = Handle<EVP_PKEY, EVP_PKEY_free>;
using KeyInfo = Handle<PKCS8_PRIV_KEY_INFO, PKCS8_PRIV_KEY_INFO_free>;
using RevocationList = Handle<X509_CRL, X509_CRL_free>;
using Store = Handle<X509_STORE, X509_STORE_free>;
using StoreContext = Handle<X509_STORE_CTX, X509_STORE_CTX_free>;
using GeneralNames = Handle<GENERAL_NAMES, GENERAL_NAMES_free>;
using ExtendedKeyUsage = Handle<EXTENDED_KEY_USAGE, EXTENDED_KEY_USAGE_free>;
using MemoryBio = Handle<BIO, BIO_free_all>;

/// Takes back whatever is added to this thread's OpenSSL error queue while it lives. Node shares
/// the queue: an error left behind would be reported by an unrelated call of node:crypto.
class ErrorQueueMark {
 public:
  ErrorQueueMark() noexcept { ERR_set_mark(); }
  ~ErrorQueueMark() { ERR_pop_to_mark(); }
  ErrorQueueMark(const ErrorQueueMark&) = delete;
  ErrorQueueMark& operator=(const ErrorQueueMark&) = delete;
};

}  // namespace sallyport::cms
