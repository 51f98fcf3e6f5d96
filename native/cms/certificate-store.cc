#include "cms/certificate-store.h"

#include <openssl/objects.h>

#include <algorithm>
#include <array>
#include <cstdlib>
#include <ctime>
#include <utility>

namespace sallyport::cms {

namespace {

/// Security level of NIST SP 800-57: 112 bits, so RSA from 2048 bits, and no SHA-1.
constexpr int kAuthenticationLevel = 2;

/// Without POLICY_CHECK OpenSSL passes over policy constraints, critical or not.
constexpr unsigned long kAlways =
    X509_V_FLAG_X509_STRICT | X509_V_FLAG_PARTIAL_CHAIN | X509_V_FLAG_POLICY_CHECK;
constexpr unsigned long kRevocation = X509_V_FLAG_CRL_CHECK | X509_V_FLAG_CRL_CHECK_ALL |
                                      X509_V_FLAG_EXTENDED_CRL_SUPPORT | X509_V_FLAG_USE_DELTAS;

constexpr CertificateRefusal kUnreadable = {CertificateFailure::malformed,
                                            "certificate cannot be read", 0};

/// What one validation goes by; the callback finds it at its context.
struct Validation {
  const ValidationRules& rules;
  std::int64_t atSeconds;
};

const Validation& validationOf(X509_STORE_CTX* context) {
  // The issuer of a revocation list is validated in a context below that of its certificate.
  while (X509_STORE_CTX* parent = X509_STORE_CTX_get0_parent_ctx(context)) context = parent;
  return *static_cast<const Validation*>(X509_STORE_CTX_get_app_data(context));
}

/// Whether `time` lies ahead of the moment that is `offset` seconds from when we validate.
bool isAhead(const ASN1_TIME* time, const Validation& validation, std::int64_t offset) {
  auto moment = static_cast<std::time_t>(validation.atSeconds + offset);
  return time != nullptr && X509_cmp_time(time, &moment) > 0;
}

/// Takes back what X509_STRICT and CRL_CHECK_ALL find beyond the rules of RFC 5280 §6:
/// - key identifiers only help to find a chain (§4.2.1.1);
/// - an anchor is a name and a key that somebody chose to trust, whatever else its certificate
/// lacks (§6.1.1), and no list revokes it;
/// - issuers for whom there is no revocation list, where policy does not want one of all;
/// - dates that are off by no more than clocks may be.
bool isForgiven(X509_STORE_CTX* context) {
  const Validation& validation = validationOf(context);
  const std::int64_t skew = validation.rules.clockSkewSeconds;
  const X509* certificate = X509_STORE_CTX_get_current_cert(context);
  const X509_CRL* list = X509_STORE_CTX_get0_current_crl(context);
  const bool isAnchor = X509_STORE_CTX_get_error_depth(context) ==
                        sk_X509_num(X509_STORE_CTX_get0_chain(context)) - 1;
  switch (X509_STORE_CTX_get_error(context)) {
    case X509_V_ERR_MISSING_AUTHORITY_KEY_IDENTIFIER:
    case X509_V_ERR_MISSING_SUBJECT_KEY_IDENTIFIER:
      return true;
    case X509_V_ERR_UNABLE_TO_GET_CRL:
      return isAnchor || validation.rules.revocation != RevocationChecking::required;
    case X509_V_ERR_CA_CERT_MISSING_KEY_USAGE:
    case X509_V_ERR_CA_BCONS_NOT_CRITICAL:
      return isAnchor;
    case X509_V_ERR_CERT_HAS_EXPIRED:
      return certificate != nullptr && isAhead(X509_get0_notAfter(certificate), validation, -skew);
    case X509_V_ERR_CERT_NOT_YET_VALID:
      return certificate != nullptr && !isAhead(X509_get0_notBefore(certificate), validation, skew);
    case X509_V_ERR_CRL_HAS_EXPIRED:
      return list != nullptr && isAhead(X509_CRL_get0_nextUpdate(list), validation, -skew);
    case X509_V_ERR_CRL_NOT_YET_VALID:
      return list != nullptr && !isAhead(X509_CRL_get0_lastUpdate(list), validation, skew);
    default:
      return false;
  }
}

int applyPathValidationRulesOnly(int isOk, X509_STORE_CTX* context) {
  if (isOk != 0) return isOk;
  if (!isForgiven(context)) return 0;
  X509_STORE_CTX_set_error(context, X509_V_OK);
  return 1;
}

CertificateRefusal refusalOf(X509_STORE_CTX* context) {
  const int error = X509_STORE_CTX_get_error(context);
  return {failureOf(error), X509_verify_cert_error_string(error),
          std::max(X509_STORE_CTX_get_error_depth(context), 0)};
}

bool hasIssued(X509* issuer, X509* subject) {
  return X509_check_issued(issuer, subject) == X509_V_OK &&
         X509_verify(subject, X509_get0_pubkey(issuer)) == 1;
}

}  // namespace

CertificateStore::CertificateStore(ValidationRules rules) noexcept
    : rules_(rules), store_(X509_STORE_new()) {
  if (store_ == nullptr) std::abort();  // out of memory, as `new` has it without exceptions

  // No purpose is set: OpenSSL's S/MIME purpose does not know id-kp-sipDomain, so the uses are
  // checked here.
  X509_VERIFY_PARAM* param = X509_STORE_get0_param(store_.get());
  X509_VERIFY_PARAM_set_flags(param, kAlways);
  if (rules_.revocation == RevocationChecking::required) {
    X509_VERIFY_PARAM_set_flags(param, kRevocation);
  }
  // Without any OpenSSL takes no policy for a policy, where a CA demands one.
  X509_VERIFY_PARAM_add0_policy(param, OBJ_nid2obj(NID_any_policy));
  X509_VERIFY_PARAM_set_depth(param, kMaxChainDepth);
  X509_VERIFY_PARAM_set_auth_level(param, kAuthenticationLevel);
  X509_STORE_set_verify_cb(store_.get(), applyPathValidationRulesOnly);
}

bool CertificateStore::addPolicy(const std::string& dotted) {
  const ErrorQueueMark mark;
  ASN1_OBJECT* policy = OBJ_txt2obj(dotted.c_str(), 1);
  if (policy == nullptr) return false;
  X509_VERIFY_PARAM* param = X509_STORE_get0_param(store_.get());
  if (!std::exchange(hasPolicies_, true)) X509_VERIFY_PARAM_set1_policies(param, nullptr);
  if (X509_VERIFY_PARAM_add0_policy(param, policy) != 1) {
    ASN1_OBJECT_free(policy);
    return false;
  }
  return X509_VERIFY_PARAM_set_flags(param, X509_V_FLAG_EXPLICIT_POLICY) == 1;
}

bool CertificateStore::addAnchor(Octets der) {
  const ErrorQueueMark mark;
  Certificate certificate = parseCertificate(der);
  if (certificate == nullptr || X509_STORE_add_cert(store_.get(), certificate.get()) != 1) {
    return false;
  }

  anchors_.push_back(std::move(certificate));
  return true;
}

bool CertificateStore::addRevocationList(Octets der) {
  const ErrorQueueMark mark;
  const RevocationList list = parseRevocationList(der);
  if (list == nullptr || X509_STORE_add_crl(store_.get(), list.get()) != 1) {
    return false;
  }

  return rules_.revocation == RevocationChecking::off ||
         X509_STORE_set_flags(store_.get(), kRevocation) == 1;
}

ValidationOutcome CertificateStore::validate(Octets certificate,
                                             std::span<const Octets> intermediates,
                                             std::int64_t atSeconds, CertificateUse use) const {
  const ErrorQueueMark mark;
  const Certificate endEntity = parseCertificate(certificate);
  const CertificateStack untrusted =
      intermediates.size() <= kMaxIntermediates ? parseCertificates(intermediates) : nullptr;
  if (endEntity == nullptr || untrusted == nullptr) {
    return kUnreadable;
  }

  auto outcome = validateOver(endEntity.get(), untrusted.get(), atSeconds, use);
  const bool mayHaveTakenTheWrongTurn = !outcome.ok() &&
                                        outcome.failure().failure != CertificateFailure::revoked &&
                                        intermediates.size() > 1;
  if (!mayHaveTakenTheWrongTurn) {
    return outcome;
  }

  // OpenSSL follows the first issuer that fits by name and does not turn back. Where a CA has
  // certificates of several issuers, those that lead to no anchor are taken out of its way.
  const CertificateStack anchored = anchoredAmong(untrusted.get());
  return anchored == nullptr || sk_X509_num(anchored.get()) == sk_X509_num(untrusted.get())
             ? outcome
             : validateOver(endEntity.get(), anchored.get(), atSeconds, use);
}

/// Those that an anchor has issued, or one of them that is anchored itself; null out of memory.
/// Each signature is verified at most once for each issuer of the right name.
CertificateStack CertificateStore::anchoredAmong(const STACK_OF(X509) * intermediates) const {
  CertificateStack anchored(sk_X509_new_null());
  std::array<bool, kMaxIntermediates> isAnchored{};
  const int count = sk_X509_num(intermediates);
  const auto take = [&](X509* issuer) {
    for (int i = 0; i < count; i++) {
      X509* subject = sk_X509_value(intermediates, i);
      if (isAnchored[i] || !hasIssued(issuer, subject) || X509_up_ref(subject) != 1) continue;
      isAnchored[i] = true;
      if (sk_X509_push(anchored.get(), subject) == 0) X509_free(subject);
    }
  };
  if (anchored == nullptr) return nullptr;
  for (const Certificate& anchor : anchors_) take(anchor.get());
  for (int i = 0; i < sk_X509_num(anchored.get()); i++) take(sk_X509_value(anchored.get(), i));
  return anchored;
}

ValidationOutcome CertificateStore::validateOver(X509* endEntity, STACK_OF(X509) * intermediates,
                                                 std::int64_t atSeconds, CertificateUse use) const {
  Validation validation{rules_, atSeconds};
  const StoreContext context(X509_STORE_CTX_new());
  if (context == nullptr ||
      X509_STORE_CTX_init(context.get(), store_.get(), endEntity, intermediates) != 1 ||
      X509_STORE_CTX_set_app_data(context.get(), &validation) != 1) {
    return kUnreadable;
  }

  X509_VERIFY_PARAM_set_time(X509_STORE_CTX_get0_param(context.get()),
                             static_cast<std::time_t>(atSeconds));
  if (X509_verify_cert(context.get()) != 1) {
    return refusalOf(context.get());
  }

  if (!keyUsageAllows(endEntity, use)) {
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

  auto described = describe(endEntity, chain);
  if (!described) return kUnreadable;
  return std::move(*described);
}

}  // namespace sallyport::cms
