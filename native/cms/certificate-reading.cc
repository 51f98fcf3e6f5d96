#include "cms/certificate-reading.h"

#include <openssl/evp.h>
#include <openssl/objects.h>

#include <algorithm>
#include <ctime>
#include <limits>
#include <string_view>

namespace sallyport::cms {

namespace {

std::optional<std::int64_t> expiryOf(const X509* certificate) {
  std::tm time = {};
  return ASN1_TIME_to_tm(X509_get0_notAfter(certificate), &time) == 1
             ? std::optional<std::int64_t>(timegm(&time))
             : std::nullopt;
}

std::optional<std::string> subjectOf(const X509* certificate) {
  const MemoryBio text(BIO_new(BIO_s_mem()));
  if (text == nullptr ||
      X509_NAME_print_ex(text.get(), X509_get_subject_name(certificate), 0, XN_FLAG_RFC2253) < 0) {
    return std::nullopt;
  }

  char* data = nullptr;
  const long length = BIO_get_mem_data(text.get(), &data);
  return std::string(data, static_cast<std::size_t>(std::max(length, 0L)));
}

/// Adds the name where it is printable ASCII. A NUL would end it early for whoever treats it as a C
/// string, so that certificate and reader would disagree about whom it names.
bool appendName(std::vector<std::string>& names, const ASN1_STRING* value) {
  const std::string_view name(reinterpret_cast<const char*>(ASN1_STRING_get0_data(value)),
                              static_cast<std::size_t>(ASN1_STRING_length(value)));
  const bool isPrintable =
      std::all_of(name.begin(), name.end(), [](char c) { return c > ' ' && c <= '~'; });
  if (isPrintable) {
    names.emplace_back(name);
  }

  return isPrintable;
}

bool readAlternativeNames(const X509* certificate, ValidatedCertificate& into) {
  int critical = 0;
  const GeneralNames names(static_cast<GENERAL_NAMES*>(
      X509_get_ext_d2i(certificate, NID_subject_alt_name, &critical, nullptr)));
  if (names == nullptr) {
    return critical == -1;
  }

  for (int i = 0; i < sk_GENERAL_NAME_num(names.get()); i++) {
    int type = 0;
    const void* value = GENERAL_NAME_get0_value(sk_GENERAL_NAME_value(names.get(), i), &type);
    const auto* text = static_cast<const ASN1_STRING*>(value);
    if ((type == GEN_URI && !appendName(into.uris, text)) ||
        (type == GEN_DNS && !appendName(into.dnsNames, text))) {
      return false;
    }
  }

  return true;
}

}  // namespace

Certificate parseCertificate(Octets der) {
  if (der.empty() || der.size() > kMaxCertificateOctets) {
    return nullptr;
  }

  const unsigned char* next = der.data();
  Certificate certificate(d2i_X509(nullptr, &next, static_cast<long>(der.size())));
  const bool isWhole = certificate != nullptr && next == der.data() + der.size();
  return isWhole && X509_get0_pubkey(certificate.get()) != nullptr ? std::move(certificate)
                                                                   : nullptr;
}

CertificateStack parseCertificates(std::span<const Octets> ders) {
  CertificateStack stack(sk_X509_new_null());
  for (const auto der : ders) {
    Certificate certificate = parseCertificate(der);
    if (stack == nullptr || certificate == nullptr ||
        sk_X509_push(stack.get(), certificate.get()) == 0) {
      return nullptr;
    }

    static_cast<void>(certificate.release());  // the stack owns it now
  }

  return stack;
}

RevocationList parseRevocationList(Octets der) {
  if (der.empty() || der.size() > kMaxRevocationListOctets) {
    return nullptr;
  }

  const unsigned char* next = der.data();
  RevocationList list(d2i_X509_CRL(nullptr, &next, static_cast<long>(der.size())));
  return list != nullptr && next == der.data() + der.size() ? std::move(list) : nullptr;
}

bool signedRevocationList(Octets issuer, Octets list) {
  const ErrorQueueMark mark;
  const Certificate certificate = parseCertificate(issuer);
  const RevocationList parsed = parseRevocationList(list);
  return certificate != nullptr && parsed != nullptr &&
         X509_NAME_cmp(X509_get_subject_name(certificate.get()),
                       X509_CRL_get_issuer(parsed.get())) == 0 &&
         X509_CRL_verify(parsed.get(), X509_get0_pubkey(certificate.get())) == 1;
}

/// RFC 8550 §4.4.2: without the extension every use is allowed. Which bit encryption needs follows
/// from how the key is used (RFC 4055 §1.2, RFC 5480 §3, RFC 8410 §5).
bool keyUsageAllows(X509* certificate, CertificateUse use) {
  const int type = EVP_PKEY_get_base_id(X509_get0_pubkey(certificate));
  const bool canSign = type != EVP_PKEY_X25519;
  const bool canEncrypt = type == EVP_PKEY_RSA || type == EVP_PKEY_EC || type == EVP_PKEY_X25519;
  const std::uint32_t usage = X509_get_key_usage(certificate);
  switch (use) {
    case CertificateUse::sign:
      return canSign && (usage & (KU_DIGITAL_SIGNATURE | KU_NON_REPUDIATION)) != 0;
    case CertificateUse::encrypt:
      return canEncrypt &&
             (usage & (type == EVP_PKEY_RSA ? KU_KEY_ENCIPHERMENT : KU_KEY_AGREEMENT)) != 0;
  }

  return false;
}

/// RFC 8550 §4.4.4 and RFC 5924 §4. In a CA's certificate the extension limits what it may issue.
bool extendedKeyUsageAllows(const X509* certificate) {
  constexpr std::string_view kEmailProtection = "1.3.6.1.5.5.7.3.4";
  constexpr std::string_view kSipDomain = "1.3.6.1.5.5.7.3.20";
  constexpr std::string_view kAnyUsage = "2.5.29.37.0";
  int critical = 0;
  const ExtendedKeyUsage usages(static_cast<EXTENDED_KEY_USAGE*>(
      X509_get_ext_d2i(certificate, NID_ext_key_usage, &critical, nullptr)));
  if (usages == nullptr) {
    return critical == -1;  // absent, rather than doubled or unreadable
  }

  for (int i = 0; i < sk_ASN1_OBJECT_num(usages.get()); i++) {
    char text[32];
    OBJ_obj2txt(text, sizeof text, sk_ASN1_OBJECT_value(usages.get(), i), 1);
    if (text == kEmailProtection || text == kSipDomain || text == kAnyUsage) {
      return true;
    }
  }

  return false;
}

std::optional<ValidatedCertificate> describe(X509* certificate, const STACK_OF(X509) * chain) {
  ValidatedCertificate described = {};
  const auto subject = subjectOf(certificate);
  if (!subject || !readAlternativeNames(certificate, described)) {
    return std::nullopt;
  }

  described.subject = *subject;
  described.chainNotAfter = std::numeric_limits<std::int64_t>::max();
  for (int i = sk_X509_num(chain) - 1; i >= 0; i--) {
    const auto expiry = expiryOf(sk_X509_value(chain, i));
    if (!expiry) {
      return std::nullopt;
    }

    described.notAfter = *expiry;  // the end entity comes last
    described.chainNotAfter = std::min(described.chainNotAfter, *expiry);
  }

  return described;
}

}  // namespace sallyport::cms
