#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <optional>
#include <span>

#include "crypto/hmac-sha1.h"

namespace sallyport::media {

/// Types of attributes that we read or write (RFC 8489 §18.3, RFC 8445 §20.2).
enum class StunAttribute : std::uint16_t {
  username = 0x0006,
  messageIntegrity = 0x0008,
  errorCode = 0x0009,
  unknownAttributes = 0x000a,
  messageIntegritySha256 = 0x001c,
  xorMappedAddress = 0x0020,
  priority = 0x0024,
  useCandidate = 0x0025,
  fingerprint = 0x8028,
};

inline constexpr std::size_t kStunHeaderOctets = 20;
inline constexpr std::size_t kStunAttributeHeaderOctets = 4;
inline constexpr std::uint32_t kStunMagicCookie = 0x2112a442;
inline constexpr std::uint32_t kStunFingerprintMask = 0x5354554e;
using StunTransactionId = std::array<std::uint8_t, 12>;

/// A STUN Binding request (RFC 8489 §5), read without copying.
///
///    0                   1                   2                   3
///   |0 0|  message type (1)         |        length of what follows |
///   |                    magic cookie 0x2112a442                    |
///   |                    transaction id, 96 bits                    |
///   |  attributes: type, length, value padded to 4 octets           |
class StunRequest {
 public:
  /// Attributes listed at most in an answer; a request with more than these has them cut off.
  static constexpr std::size_t kMaxUnknown = 8;

  /// Nothing when it is another kind of message, when lengths do not add up, or when a FINGERPRINT
  /// is wrong or not the last.
  static std::optional<StunRequest> parse(std::span<const std::uint8_t> datagram) noexcept;

  [[nodiscard]] StunTransactionId transactionId() const noexcept;
  /// Empty where there is none.
  [[nodiscard]] std::span<const std::uint8_t> username() const noexcept { return username_; }
  [[nodiscard]] bool hasFingerprint() const noexcept { return hasFingerprint_; }
  /// Attributes before MESSAGE-INTEGRITY that must be understood and are not (RFC 8489 §6.3.1).
  [[nodiscard]] std::span<const std::uint16_t> unknown() const noexcept {
    return std::span(unknown_).first(unknownCount_);
  }

  /// True when MESSAGE-INTEGRITY is there and is what `hmac`, keyed with the password, says (RFC
  /// 8489 §14.5). Takes the same time for every wrong one.
  [[nodiscard]] bool isSignedWith(crypto::HmacSha1& hmac) const noexcept;

 private:
  explicit StunRequest(std::span<const std::uint8_t> message) noexcept : message_(message) {}

  /// False when the attribute may not stand there.
  [[nodiscard]] bool read(std::size_t offset, std::uint16_t type,
                          std::span<const std::uint8_t> value) noexcept;

  std::span<const std::uint8_t> message_;
  std::span<const std::uint8_t> username_;
  /// Where MESSAGE-INTEGRITY begins; 0 where there is none.
  std::size_t integrityOffset_ = 0;
  bool hasFingerprint_ = false;
  std::array<std::uint16_t, kMaxUnknown> unknown_{};
  std::size_t unknownCount_ = 0;
};

}  // namespace sallyport::media
