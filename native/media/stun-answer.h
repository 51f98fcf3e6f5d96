#pragma once

#include <cstddef>
#include <cstdint>
#include <span>

#include "crypto/hmac-sha1.h"
#include "media/stun-request.h"
#include "media/transport-address.h"

namespace sallyport::media {

/// Lays a STUN message down attribute by attribute, and keeps its length right (RFC 8489 §5).
class StunAnswer {
 public:
  enum class Type : std::uint16_t { success = 0x0101, error = 0x0111 };

  /// The longest answer that we give, integrity and fingerprint included.
  static constexpr std::size_t kMaxOctets = 128;

  /// `room` has at least `kMaxOctets`.
  StunAnswer(std::span<std::uint8_t> room, Type type,
             const StunTransactionId& transaction) noexcept;

  /// The address that a request came from, hidden from meddling NATs (RFC 8489 §14.2).
  void addXorMappedAddress(const TransportAddress& address) noexcept;
  /// 420, and which attributes were not understood (RFC 8489 §14.8, §14.13); at most
  /// `StunRequest::kMaxUnknown`.
  void addUnknownAttributes(std::span<const std::uint16_t> types) noexcept;
  /// MESSAGE-INTEGRITY over all before it, by `hmac` keyed with the password (RFC 8489 §14.5).
  void addIntegrity(crypto::HmacSha1& hmac) noexcept;
  /// FINGERPRINT over all before it (RFC 8489 §14.7); the last attribute.
  void addFingerprint() noexcept;

  /// Octets so far.
  [[nodiscard]] std::size_t length() const noexcept { return length_; }

 private:
  void put16(std::size_t value) noexcept;
  void put32(std::uint32_t value) noexcept;
  void put(std::span<const std::uint8_t> octets) noexcept;
  /// Begins an attribute of `octets` octets and counts it in the header.
  void begin(StunAttribute type, std::size_t octets) noexcept;

  std::span<std::uint8_t> room_;
  std::size_t length_ = 0;
  StunTransactionId transaction_;
};

}  // namespace sallyport::media
