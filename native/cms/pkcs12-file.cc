#include "cms/pkcs12-file.h"

#include <openssl/pkcs12.h>

namespace sallyport::cms {

namespace {

using Pkcs12 = Handle<PKCS12, PKCS12_free>;

/// Rounds of key derivation for key, certificates and MAC: some tens of milliseconds each.
constexpr int kIterations = 100'000;
/// What a file may ask for: some seconds.
constexpr long kMaxIterations = 10'000'000;

template <typename Object>
std::vector<std::uint8_t> encode(const Object* object,
                                 int (*write)(const Object*, unsigned char**)) {
  const int length = write(object, nullptr);
  std::vector<std::uint8_t> der(length > 0 ? static_cast<std::size_t>(length) : 0);
  unsigned char* next = der.data();
  if (!der.empty()) write(object, &next);
  return der;
}

bool isCostly(const PKCS12* file) {
  const ASN1_INTEGER* iterations = nullptr;
  PKCS12_get0_mac(nullptr, nullptr, nullptr, &iterations, file);
  return iterations != nullptr && ASN1_INTEGER_get(iterations) > kMaxIterations;
}

}  // namespace

Result<Pkcs12Contents, Pkcs12Failure> openPkcs12(Octets der, const std::string& passphrase) {
  const ErrorQueueMark mark;
  if (der.empty() || der.size() > kMaxPkcs12Octets) return Pkcs12Failure::unreadable;
  const unsigned char* next = der.data();
  const Pkcs12 file(d2i_PKCS12(nullptr, &next, static_cast<long>(der.size())));
  if (file == nullptr || PKCS12_mac_present(file.get()) == 0 || isCostly(file.get())) {
    return Pkcs12Failure::unreadable;
  }

  if (PKCS12_verify_mac(file.get(), passphrase.data(), static_cast<int>(passphrase.size())) != 1) {
    return Pkcs12Failure::wrongPassphrase;
  }

  EVP_PKEY* rawKey = nullptr;
  X509* rawCertificate = nullptr;
  STACK_OF(X509)* rawOthers = nullptr;
  const int isParsed =
      PKCS12_parse(file.get(), passphrase.c_str(), &rawKey, &rawCertificate, &rawOthers);
  const Key key(rawKey);
  const Certificate certificate(rawCertificate);
  const CertificateStack others(rawOthers);
  if (isParsed != 1) return Pkcs12Failure::unreadable;
  if (key == nullptr || certificate == nullptr) return Pkcs12Failure::incomplete;
  const KeyInfo info(EVP_PKEY2PKCS8(key.get()));
  const int length = info == nullptr ? 0 : i2d_PKCS8_PRIV_KEY_INFO(info.get(), nullptr);
  if (length <= 0) return Pkcs12Failure::unreadable;
  Pkcs12Contents contents{
      SecretBytes(static_cast<std::size_t>(length)), encode<X509>(certificate.get(), i2d_X509), {}};
  unsigned char* to = contents.privateKey.fill().data();
  i2d_PKCS8_PRIV_KEY_INFO(info.get(), &to);
  for (int i = 0; i < sk_X509_num(others.get()); i++) {
    contents.others.push_back(encode<X509>(sk_X509_value(others.get(), i), i2d_X509));
  }
  return contents;
}

std::vector<std::uint8_t> writePkcs12(Octets privateKey, std::span<const Octets> certificates,
                                      const std::string& passphrase,
                                      const std::string& friendlyName) {
  const ErrorQueueMark mark;
  const unsigned char* next = privateKey.data();
  const KeyInfo info(d2i_PKCS8_PRIV_KEY_INFO(nullptr, &next, static_cast<long>(privateKey.size())));
  const Key key(info == nullptr ? nullptr : EVP_PKCS82PKEY(info.get()));
  const CertificateStack others =
      certificates.empty() ? nullptr : parseCertificates(certificates.subspan(1));
  const Certificate certificate =
      certificates.empty() ? nullptr : parseCertificate(certificates.front());
  if (key == nullptr || certificate == nullptr || others == nullptr ||
      X509_check_private_key(certificate.get(), key.get()) != 1) {
    return {};
  }

  const Pkcs12 file(PKCS12_create(passphrase.c_str(), friendlyName.c_str(), key.get(),
                                  certificate.get(), others.get(), NID_aes_256_cbc, NID_aes_256_cbc,
                                  kIterations, kIterations, 0));
  return file == nullptr ? std::vector<std::uint8_t>() : encode<PKCS12>(file.get(), i2d_PKCS12);
}

}  // namespace sallyport::cms
