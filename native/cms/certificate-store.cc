#include "cms/certificate-store.h"

#include <openssl/evp.h>
#include <openssl/objects.h>

#include <algorithm>
#include <cstdlib>
#include <ctime>
#include <limits>
#include <optional>
#include <string_view>

namespace sallyport::cms {

namespace {

using Octets = std::span<const std::uint8_t>;

/// Security level of NIST SP 800-57: 112 bits, so RSA from 2048 bits, and no SHA-1.
constexpr int kAuthenticationLevel = 2;

constexpr CertificateRefusal kUnreadable = {CertificateFailure::malformed,
                                            "certificate cannot be read", 0};

Certificate parseCertificate(Octets der) {
  if (der.empty() || der.size() > CertificateStore::kMaxCertificateOctets) {
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

/// Takes back what X509_STRICT and CRL_CHECK_ALL find beyond the rules of RFC 5280 §6:
/// - key identifiers only help to find a chain (§4.2.1.1);
/// - an anchor is a name and a key that somebody chose to trust, whatever else its certificate
/// lacks (§6.1.1);
/// - issuers for whom no revocation list was configured are not asked.
int applyPathValidationRulesOnly(int isOk, X509_STORE_CTX* context) {
  if (isOk != 0) {
    return isOk;
  }

  bool isAllowed = false;
  switch (X509_STORE_CTX_get_error(context)) {
    case X509_V_ERR_UNABLE_TO_GET_CRL:
    case X509_V_ERR_MISSING_AUTHORITY_KEY_IDENTIFIER:
    case X509_V_ERR_MISSING_SUBJECT_KEY_IDENTIFIER:
      isAllowed = true;
      break;
    case X509_V_ERR_CA_CERT_MISSING_KEY_USAGE:
    case X509_V_ERR_CA_BCONS_NOT_CRITICAL: {
      const int anchorDepth = sk_X509_num(X509_STORE_CTX_get0_chain(context)) - 1;
      isAllowed = X509_STORE_CTX_get_error_depth(context) == anchorDepth;
      break;
    }
    default:
      break;
  }

  if (isAllowed) X509_STORE_CTX_set_error(context, X509_V_OK);
  return isAllowed ? 1 : 0;
}

CertificateFailure failureOf(int verifyError) {
  switch (verifyError) {
    case X509_V_ERR_CERT_HAS_EXPIRED:
      return CertificateFailure::expired;
    case X509_V_ERR_CERT_NOT_YET_VALID:
      return CertificateFailure::notYetValid;
    case X509_V_ERR_CERT_REVOKED:
      return CertificateFailure::revoked;
    case X509_V_ERR_EE_KEY_TOO_SMALL:
    case X509_V_ERR_CA_KEY_TOO_SMALL:
    case X509_V_ERR_CA_MD_TOO_WEAK:
    case X509_V_ERR_EC_KEY_EXPLICIT_PARAMS:
    case X509_V_ERR_UNSUPPORTED_SIGNATURE_ALGORITHM:
      return CertificateFailure::weakKey;
    case X509_V_ERR_INVALID_CA:
    case X509_V_ERR_INVALID_NON_CA:
    case X509_V_ERR_INVALID_PURPOSE:
    case X509_V_ERR_KEYUSAGE_NO_CERTSIGN:
    case X509_V_ERR_KEYUSAGE_NO_CRL_SIGN:
    case X509_V_ERR_PATH_LENGTH_EXCEEDED:
    case X509_V_ERR_CERT_CHAIN_TOO_LONG:
    case X509_V_ERR_PROXY_CERTIFICATES_NOT_ALLOWED:
    case X509_V_ERR_UNHANDLED_CRITICAL_EXTENSION:
    case X509_V_ERR_PERMITTED_VIOLATION:
    case X509_V_ERR_EXCLUDED_VIOLATION:
    case X509_V_ERR_SUBTREE_MINMAX:
    case X509_V_ERR_UNSUPPORTED_CONSTRAINT_TYPE:
    case X509_V_ERR_UNSUPPORTED_CONSTRAINT_SYNTAX:
    case X509_V_ERR_UNSUPPORTED_NAME_SYNTAX:
      return CertificateFailure::constraints;
    case X509_V_ERR_ERROR_IN_CERT_NOT_BEFORE_FIELD:
    case X509_V_ERR_ERROR_IN_CERT_NOT_AFTER_FIELD:
    case X509_V_ERR_INVALID_EXTENSION:
    case X509_V_ERR_SIGNATURE_ALGORITHM_MISMATCH:
    case X509_V_ERR_SIGNATURE_ALGORITHM_INCONSISTENCY:
    case X509_V_ERR_PATHLEN_INVALID_FOR_NON_CA:
    case X509_V_ERR_PATHLEN_WITHOUT_KU_KEY_CERT_SIGN:
    case X509_V_ERR_KU_KEY_CERT_SIGN_INVALID_FOR_NON_CA:
    case X509_V_ERR_ISSUER_NAME_EMPTY:
    case X509_V_ERR_SUBJECT_NAME_EMPTY:
    case X509_V_ERR_EMPTY_SUBJECT_ALT_NAME:
    case X509_V_ERR_EMPTY_SUBJECT_SAN_NOT_CRITICAL:
    case X509_V_ERR_CA_BCONS_NOT_CRITICAL:
    case X509_V_ERR_AUTHORITY_KEY_IDENTIFIER_CRITICAL:
    case X509_V_ERR_SUBJECT_KEY_IDENTIFIER_CRITICAL:
    case X509_V_ERR_CA_CERT_MISSING_KEY_USAGE:
    case X509_V_ERR_EXTENSIONS_REQUIRE_VERSION_3:
      return CertificateFailure::malformed;
    default:  // OpenSSL's codes are not ours: whatever else it finds, there is no chain to an
              // anchor
      return CertificateFailure::untrusted;
  }
}

CertificateRefusal refusalOf(X509_STORE_CTX* context) {
  const int error = X509_STORE_CTX_get_error(context);
  return {failureOf(error), X509_verify_cert_error_string(error),
          X509_STORE_CTX_get_error_depth(context)};
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

ValidationOutcome describe(X509* certificate, const STACK_OF(X509) * chain) {
  ValidatedCertificate described = {};
  const auto subject = subjectOf(certificate);
  if (!subject || !readAlternativeNames(certificate, described)) {
    return kUnreadable;
  }

  described.subject = *subject;
  described.chainNotAfter = std::numeric_limits<std::int64_t>::max();
  for (int i = sk_X509_num(chain) - 1; i >= 0; i--) {
    const auto expiry = expiryOf(sk_X509_value(chain, i));
    if (!expiry) {
      return kUnreadable;
    }

    described.notAfter = *expiry;  // the end entity comes last
    described.chainNotAfter = std::min(described.chainNotAfter, *expiry);
  }

  return described;
}

}  // namespace

CertificateStore::CertificateStore() : store_(X509_STORE_new()) {
  if (store_ == nullptr) std::abort();  // out of memory, as `new` has it without exceptions

  // No purpose is set: OpenSSL's S/MIME purpose does not know id-kp-kSipDomain, so the uses are
  // checked here.
  X509_VERIFY_PARAM* rules = X509_STORE_get0_param(store_.get());
  X509_VERIFY_PARAM_set_flags(rules, X509_V_FLAG_X509_STRICT | X509_V_FLAG_PARTIAL_CHAIN);
  X509_VERIFY_PARAM_set_depth(rules, kMaxChainDepth);
  X509_VERIFY_PARAM_set_auth_level(rules, kAuthenticationLevel);
  X509_STORE_set_verify_cb(store_.get(), applyPathValidationRulesOnly);
}

bool CertificateStore::addAnchor(Octets der) {
  const ErrorQueueMark mark;
  const Certificate certificate = parseCertificate(der);
  return certificate != nullptr && X509_STORE_add_cert(store_.get(), certificate.get()) == 1;
}

bool CertificateStore::addRevocationList(Octets der) {
  const ErrorQueueMark mark;
  if (der.empty() || der.size() > kMaxRevocationListOctets) {
    return false;
  }

  const unsigned char* next = der.data();
  const RevocationList list(d2i_X509_CRL(nullptr, &next, static_cast<long>(der.size())));
  return list != nullptr && next == der.data() + der.size() &&
         X509_STORE_add_crl(store_.get(), list.get()) == 1 &&
         X509_STORE_set_flags(store_.get(), X509_V_FLAG_CRL_CHECK | X509_V_FLAG_CRL_CHECK_ALL) == 1;
}

ValidationOutcome CertificateStore::validate(Octets certificate,
                                             std::span<const Octets> intermediates,
                                             std::int64_t atSeconds, CertificateUse use) const {
  const ErrorQueueMark mark;
  const Certificate endEntity = parseCertificate(certificate);
  const CertificateStack untrusted =
      intermediates.size() <= kMaxIntermediates ? parseCertificates(intermediates) : nullptr;
  const StoreContext context(X509_STORE_CTX_new());
  if (endEntity == nullptr || untrusted == nullptr || context == nullptr ||
      X509_STORE_CTX_init(context.get(), store_.get(), endEntity.get(), untrusted.get()) != 1) {
    return kUnreadable;
  }

  X509_VERIFY_PARAM_set_time(X509_STORE_CTX_get0_param(context.get()),
                             static_cast<std::time_t>(atSeconds));
  if (X509_verify_cert(context.get()) != 1) {
    return refusalOf(context.get());
  }

  if (!keyUsageAllows(endEntity.get(), use)) {
    return CertificateRefusal{CertificateFailure::keyUsage, "key usage does not allow it", 0};
  }

  const STACK_OF(X509)* chain = X509_STORE_CTX_get0_chain(context.get());
  const int issuedCertificates = std::max(sk_X509_num(chain) - 1, 1);  // all but the anchor
  for (int depth = 0; depth < issuedCertificates; depth++) {
    if (!extendedKeyUsageAllows(sk_X509_value(chain, depth))) {
      return CertificateRefusal{CertificateFailure::extendedKeyUsage,
                                "extended key usage does not allow it", depth};
    }
  }

  return describe(endEntity.get(), chain);
}

}  // namespace sallyport::cms
