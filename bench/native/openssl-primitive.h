#pragma once

#include <openssl/evp.h>

#include <array>
#include <cstddef>
#include <cstdint>
#include <memory>
#include <optional>
#include <span>

#include "srtp/suite.h"

namespace sallyport::bench {

/// Keys of one stream (RFC 3711 §4.3), derived by whoever asks.
struct StreamKeys {
  std::span<const std::uint8_t> encryptionKey;
  std::span<const std::uint8_t> salt;
  /// 20 octets; empty for AEAD suites.
  std::span<const std::uint8_t> authenticationKey;
};

/// Cipher and tag of an RTP packet by OpenSSL's EVP interface and nothing else: no replay window,
/// no rollover counter, a header of 12 octets. The least that SRTP costs on this OpenSSL.
class OpensslPrimitive {
 public:
  /// Nothing when OpenSSL refuses.
  static std::optional<OpensslPrimitive> create(const srtp::SuiteTraits& suite,
                                                const StreamKeys& keys);

  std::optional<std::size_t> protect(std::span<std::uint8_t> room, std::size_t length) noexcept;
  std::optional<std::size_t> unprotect(std::span<std::uint8_t> room, std::size_t length) noexcept;

 private:
  struct FreeCipher {
    void operator()(EVP_CIPHER_CTX* context) const noexcept { EVP_CIPHER_CTX_free(context); }
  };
  struct FreeMac {
    void operator()(EVP_MAC_CTX* context) const noexcept { EVP_MAC_CTX_free(context); }
  };
  using Cipher = std::unique_ptr<EVP_CIPHER_CTX, FreeCipher>;
  using Tag = std::array<std::uint8_t, 20>;

  explicit OpensslPrimitive(const srtp::SuiteTraits& suite) noexcept : suite_(suite) {}

  [[nodiscard]] std::array<std::uint8_t, 16> counterOf(
      std::span<const std::uint8_t> packet) const noexcept;
  [[nodiscard]] std::array<std::uint8_t, 12> nonceOf(
      std::span<const std::uint8_t> packet) const noexcept;
  bool crypt(std::span<std::uint8_t> packet) noexcept;
  std::optional<Tag> authenticate(std::span<const std::uint8_t> packet) noexcept;

  const srtp::SuiteTraits& suite_;
  Cipher encryption_;
  /// For AEAD suites alone: counter mode decrypts as it encrypts.
  Cipher decryption_;
  std::unique_ptr<EVP_MAC_CTX, FreeMac> mac_;
  std::array<std::uint8_t, 14> salt_{};
};

}  // namespace sallyport::bench
