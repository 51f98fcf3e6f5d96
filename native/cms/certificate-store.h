// Certification path validation (RFC 5280 §6) to configured anchors, for S/MIME in SIP (RFC 8550
// §4).
#pragma once

#include <cstddef>
#include <cstdint>
#include <span>
#include <string>
#include <vector>

#include "base/result.h"
#include "cms/certificate-failure.h"
#include "cms/certificate-reading.h"
#include "cms/openssl-handle.h"

namespace sallyport::cms {

/// Which issuers must have a current revocation list.
enum class RevocationChecking : std::uint8_t {
  /// Nobody is asked.
  off,
  /// Those that have any list here, current or not; the others are not asked.
  ifPresent,
  /// All of a chain but the anchor.
  required,
};

struct ValidationRules {
  RevocationChecking revocation = RevocationChecking::ifPresent;
  /// By how much clocks may differ: certificates and lists count as valid so much longer both ways.
  std::int64_t clockSkewSeconds = 0;
};

using ValidationOutcome = Result<ValidatedCertificate, CertificateRefusal>;

/// Anchors and revocation lists. Used by one thread at a time.
class CertificateStore {
 public:
  static constexpr std::size_t kMaxIntermediates = 16;
  /// CA certificates between the end entity and its anchor.
  static constexpr int kMaxChainDepth = 5;

  explicit CertificateStore(ValidationRules rules = {}) noexcept;

  /// From the first policy on, one of them must hold for the whole chain (RFC 5280 §6.1.1 c, e).
  /// False where that is no dotted object identifier.
  [[nodiscard]] bool addPolicy(const std::string& dotted);

  /// Trusts a certificate and what it issues, self-signed or not. False where it cannot be read.
  [[nodiscard]] bool addAnchor(Octets der);

  /// Complete, delta and indirect lists (RFC 5280 §5.2.4, §5.2.5). False where it cannot be read.
  [[nodiscard]] bool addRevocationList(Octets der);

  /// Builds a chain from `certificate` over `intermediates`, in whatever order, to an anchor and
  /// checks it at `atSeconds`.
  [[nodiscard]] ValidationOutcome validate(Octets certificate,
                                           std::span<const Octets> intermediates,
                                           std::int64_t atSeconds, CertificateUse use) const;

 private:
  ValidationOutcome validateOver(X509* endEntity, STACK_OF(X509) * intermediates,
                                 std::int64_t atSeconds, CertificateUse use) const;
  CertificateStack anchoredAmong(const STACK_OF(X509) * intermediates) const;

  ValidationRules rules_;
  bool hasPolicies_ = false;
  Store store_;
  std::vector<Certificate> anchors_;
};

}  // namespace sallyport::cms
