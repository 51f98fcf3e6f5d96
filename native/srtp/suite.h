#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <optional>
#include <string_view>

namespace sallyport::srtp {

/// SRTP protection suites that we speak (RFC 4568 §6.2, RFC 6188 §4, RFC 7714 §14).
enum class Suite : std::uint8_t {
  aesCm128HmacSha1Tag80,
  aesCm128HmacSha1Tag32,
  aesCm192HmacSha1Tag80,
  aesCm192HmacSha1Tag32,
  aesCm256HmacSha1Tag80,
  aesCm256HmacSha1Tag32,
  aeadAes128Gcm,
  aeadAes256Gcm,
};

/// Lengths in octets.
struct SuiteTraits {
  Suite suite;
  /// Name in the IANA registry for SDES.
  std::string_view name;
  std::size_t keyOctets;
  std::size_t saltOctets;
  std::size_t rtpTagOctets;
  /// 80 bits also where SRTP's tag has 32 (RFC 4568 §6.2.2).
  std::size_t rtcpTagOctets;
  bool isAead;

  constexpr std::size_t masterOctets() const noexcept { return keyOctets + saltOctets; }
};

inline constexpr std::array<SuiteTraits, 8> kSuites{{
    {Suite::aesCm128HmacSha1Tag80, "AES_CM_128_HMAC_SHA1_80", 16, 14, 10, 10, false},
    {Suite::aesCm128HmacSha1Tag32, "AES_CM_128_HMAC_SHA1_32", 16, 14, 4, 10, false},
    {Suite::aesCm192HmacSha1Tag80, "AES_192_CM_HMAC_SHA1_80", 24, 14, 10, 10, false},
    {Suite::aesCm192HmacSha1Tag32, "AES_192_CM_HMAC_SHA1_32", 24, 14, 4, 10, false},
    {Suite::aesCm256HmacSha1Tag80, "AES_256_CM_HMAC_SHA1_80", 32, 14, 10, 10, false},
    {Suite::aesCm256HmacSha1Tag32, "AES_256_CM_HMAC_SHA1_32", 32, 14, 4, 10, false},
    {Suite::aeadAes128Gcm, "AEAD_AES_128_GCM", 16, 12, 16, 16, true},
    {Suite::aeadAes256Gcm, "AEAD_AES_256_GCM", 32, 12, 16, 16, true},
}};

constexpr const SuiteTraits& traitsOf(Suite suite) noexcept {
  return kSuites[static_cast<std::size_t>(suite)];
}

/// The suite of exactly this name.
constexpr std::optional<Suite> suiteByName(std::string_view name) noexcept {
  for (const SuiteTraits& traits : kSuites) {
    if (traits.name == name) return traits.suite;
  }
  return std::nullopt;
}

}  // namespace sallyport::srtp
