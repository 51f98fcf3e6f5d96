// Why a chain is refused: OpenSSL's verdicts (X509_verify_cert_error_string) as ours.
#pragma once

#include <cstdint>

namespace sallyport::cms {

enum class CertificateFailure : std::uint8_t {
  untrusted,
  expired,
  notYetValid,
  revoked,
  /// There is no current revocation list of an issuer that must have one (RFC 5280 §6.3.3).
  revocationUnknown,
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

/// Sorts an X509_V_ERR of OpenSSL.
[[nodiscard]] CertificateFailure failureOf(int verifyError) noexcept;

}  // namespace sallyport::cms
