// Certification path validation (RFC 5280 §6) to configured anchors, for S/MIME in SIP (RFC 8550
// §4).
#pragma once

#include <cstddef>
#include <cstdint>
#include <span>
#include <string>
#include <vector>

#include "base/result.h"
#include "cms/openssl-handle.h"

namespace sallyport::cms {

/// What the key of the end entity's certificate is wanted for.
enum class CertificateUse : std::uint8_t { sign, encrypt };

enum class CertificateFailure : std::uint8_t {
  untrusted,
  expired,
  notYetValid,
  revoked,
  keyUsage,
  extendedKeyUsage,
  weakKey,
  constraints,
  malformed,
};

/// Why a certificate was refused. `detail` is a static text that holds nothing of the input.
struct CertificateRefusal {
  CertificateFailure failure;
  const char* detail;
  /// 0 is the end entity; each issuer is one more.
  int depth;
};

/// What a certificate says that has passed. Names are printable ASCII without spaces, as written.
struct ValidatedCertificate {
  /// RFC 4514 text, escaped to ASCII.
  std::string subject;
  std::vector<std::string> uris;
  std::vector<std::string> dnsNames;
  /// Seconds since 1970 at which the certificate, and the first certificate of its chain, expires.
  std::int64_t notAfter;
  std::int64_t chainNotAfter;
};

using ValidationOutcome = Result<ValidatedCertificate, CertificateRefusal>;

/// Anchors and revocation lists. Used by one thread at a time.
class CertificateStore {
 public:
  static constexpr std::size_t kMaxCertificateOctets = 16 * 1024;
  static constexpr std::size_t kMaxRevocationListOctets = 16 * 1024 * 1024;
  static constexpr std::size_t kMaxIntermediates = 16;
  /// CA certificates between the end entity and its anchor.
  static constexpr int kMaxChainDepth = 5;

  CertificateStore();

  /// Trusts a certificate and what it issues, self-signed or not. False where it cannot be read.
  [[nodiscard]] bool addAnchor(std::span<const std::uint8_t> der);

  /// From the first list on, every issuer that has a list here must have a current one, and no
  /// certificate of a chain may be on it. Issuers without a list are not asked.
  [[nodiscard]] bool addRevocationList(std::span<const std::uint8_t> der);

  /// Builds a chain from `certificate` over `intermediates` to an anchor and checks it at
  /// `atSeconds`.
  [[nodiscard]] ValidationOutcome validate(
      std::span<const std::uint8_t> certificate,
      std::span<const std::span<const std::uint8_t>> intermediates, std::int64_t atSeconds,
      CertificateUse use) const;

 private:
  Store store_;
};

}  // namespace sallyport::cms
