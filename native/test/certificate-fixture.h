#pragma once

#include <openssl/asn1.h>
#include <openssl/ec.h>
#include <openssl/evp.h>

#include <cstdint>
#include <vector>

#include "cms/openssl-handle.h"

namespace sallyport::cms {

using Bytes = std::vector<std::uint8_t>;

inline constexpr std::int64_t kNow = 1'795'500'000;  // 2026-11-24T06:00:00Z
inline constexpr std::int64_t kDay = 86'400;

struct Extension {
  int identifier;
  const char* value;
};

struct Party {
  Certificate certificate;
  Key key;

  Bytes der() const {
    unsigned char* start = nullptr;
    const int length = i2d_X509(certificate.get(), &start);
    Bytes bytes(start, start + length);
    OPENSSL_free(start);
    return bytes;
  }
};

/// Makes a certificate for `name`, valid for ten days around `kNow`, by `issuer` or by itself.
inline Party makeParty(const char* name, const Party* issuer,
                       const std::vector<Extension>& extensions) {
  static long serial = 0;
  Party party{Certificate(X509_new()), Key(EVP_EC_gen("P-256"))};
  X509* certificate = party.certificate.get();
  const Party& signer = issuer == nullptr ? party : *issuer;
  X509_set_version(certificate, X509_VERSION_3);
  ASN1_INTEGER_set(X509_get_serialNumber(certificate), ++serial);
  ASN1_TIME_set(X509_getm_notBefore(certificate), kNow - 5 * kDay);
  ASN1_TIME_set(X509_getm_notAfter(certificate), kNow + 5 * kDay);
  X509_NAME_add_entry_by_txt(X509_get_subject_name(certificate), "CN", MBSTRING_UTF8,
                             reinterpret_cast<const unsigned char*>(name), -1, -1, 0);
  X509_set_issuer_name(certificate, X509_get_subject_name(signer.certificate.get()));
  X509_set_pubkey(certificate, party.key.get());
  X509V3_CTX context = {};
  X509V3_set_ctx(&context, signer.certificate.get(), certificate, nullptr, nullptr, 0);
  for (const Extension& extension : extensions) {
    const Handle<X509_EXTENSION, X509_EXTENSION_free> made(
        X509V3_EXT_nconf_nid(nullptr, &context, extension.identifier, extension.value));
    X509_add_ext(certificate, made.get(), -1);
  }
  X509_sign(certificate, signer.key.get(), EVP_sha256());
  return party;
}

}  // namespace sallyport::cms
