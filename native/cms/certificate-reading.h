// Reading certificates and revocation lists from DER, bounded, and what a certificate says.
#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>
#include <span>
#include <string>
#include <vector>

#include "cms/openssl-handle.h"

namespace sallyport::cms {

using Octets = std::span<const std::uint8_t>;

inline constexpr std::size_t kMaxCertificateOctets = 16 * 1024;
inline constexpr std::size_t kMaxRevocationListOctets = 16 * 1024 * 1024;

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

/// What the key of the end entity's certificate is wanted for.
enum class CertificateUse : std::uint8_t { sign, encrypt };

/// Null where it is over the bound, not one certificate and nothing behind it, or its key is none.
[[nodiscard]] Certificate parseCertificate(Octets der);

/// Null where one of them cannot be read.
[[nodiscard]] CertificateStack parseCertificates(std::span<const Octets> ders);

/// Null where it is over the bound, or not one revocation list (RFC 5280 §5) and nothing behind it.
[[nodiscard]] RevocationList parseRevocationList(Octets der);

/// Whether the issuer's key signed the revocation list. False where either cannot be read.
[[nodiscard]] bool signedRevocationList(Octets issuer, Octets list);

/// RFC 8550 §4.4.2: whether the key usage, where there is one, allows the use.
[[nodiscard]] bool keyUsageAllows(X509* certificate, CertificateUse use);

/// RFC 8550 §4.4.4 and RFC 5924 §4: e-mail protection, SIP domain, any, or none stated.
[[nodiscard]] bool extendedKeyUsageAllows(const X509* certificate);

/// Nothing where a name holds what is not printable ASCII, or a date cannot be read.
[[nodiscard]] std::optional<ValidatedCertificate> describe(X509* certificate,
                                                           const STACK_OF(X509) * chain);

}  // namespace sallyport::cms
