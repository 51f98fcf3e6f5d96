// PKCS #12 (RFC 7292): a private key, its certificate and others, under one passphrase.
#pragma once

#include <cstdint>
#include <span>
#include <string>
#include <vector>

#include "base/result.h"
#include "base/secret-bytes.h"
#include "cms/certificate-reading.h"

namespace sallyport::cms {

enum class Pkcs12Failure : std::uint8_t {
  /// Not PKCS #12, over a bound, or protected by an algorithm that this OpenSSL does not have.
  unreadable,
  /// The passphrase does not fit its MAC (§5.1).
  wrongPassphrase,
  /// It holds no private key with its certificate, or one of them is no X.509 certificate.
  incomplete,
};

struct Pkcs12Contents {
  /// PrivateKeyInfo (RFC 5208 §5), DER.
  SecretBytes privateKey;
  std::vector<std::uint8_t> certificate;
  std::vector<std::vector<std::uint8_t>> others;
};

inline constexpr std::size_t kMaxPkcs12Octets = 1024 * 1024;

/// Opens a file for which a MAC by this passphrase stands.
[[nodiscard]] Result<Pkcs12Contents, Pkcs12Failure> openPkcs12(Octets der,
                                                               const std::string& passphrase);

/// Writes one: AES-256-CBC under PBKDF2 (PBES2) and a MAC with SHA-256. Empty where the key or a
/// certificate cannot be read, or they do not belong together. `certificates` begins with the
/// key's.
[[nodiscard]] std::vector<std::uint8_t> writePkcs12(Octets privateKey,
                                                    std::span<const Octets> certificates,
                                                    const std::string& passphrase,
                                                    const std::string& friendlyName);

}  // namespace sallyport::cms
