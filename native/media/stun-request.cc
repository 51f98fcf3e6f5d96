#include "media/stun-request.h"

#include <openssl/crypto.h>

#include <algorithm>

#include "crypto/crc32.h"

namespace sallyport::media {

namespace {

constexpr std::uint16_t kBindingRequest = 0x0001;
constexpr std::size_t kFingerprintOctets = 4;
/// Attribute types from here on may be ignored (RFC 8489 §14).
constexpr std::uint16_t kFirstOptional = 0x8000;

std::uint16_t read16(std::span<const std::uint8_t> from, std::size_t offset) noexcept {
  return static_cast<std::uint16_t>(from[offset] << 8 | from[offset + 1]);
}

std::uint32_t read32(std::span<const std::uint8_t> from, std::size_t offset) noexcept {
  return std::uint32_t{read16(from, offset)} << 16 | read16(from, offset + 2);
}

constexpr std::size_t padded(std::size_t octets) noexcept { return (octets + 3) & ~std::size_t{3}; }

}  // namespace

std::optional<StunRequest> StunRequest::parse(std::span<const std::uint8_t> datagram) noexcept {
  if (datagram.size() < kStunHeaderOctets || read16(datagram, 0) != kBindingRequest ||
      read32(datagram, 4) != kStunMagicCookie ||
      read16(datagram, 2) != datagram.size() - kStunHeaderOctets || datagram.size() % 4 != 0) {
    return std::nullopt;
  }

  StunRequest request(datagram);
  std::size_t offset = kStunHeaderOctets;
  while (offset < datagram.size()) {
    // The size is a multiple of four: a header always fits.
    const std::size_t octets = read16(datagram, offset + 2);
    const std::size_t value = offset + kStunAttributeHeaderOctets;
    if (padded(octets) > datagram.size() - value) return std::nullopt;
    if (!request.read(offset, read16(datagram, offset), datagram.subspan(value, octets))) {
      return std::nullopt;
    }
    offset = value + padded(octets);
  }
  return request;
}

bool StunRequest::read(std::size_t offset, std::uint16_t type,
                       std::span<const std::uint8_t> value) noexcept {
  if (hasFingerprint_) return false;
  if (type == static_cast<std::uint16_t>(StunAttribute::fingerprint)) {
    if (value.size() != kFingerprintOctets) return false;
    hasFingerprint_ = true;
    return read32(value, 0) == (crypto::crc32(message_.first(offset)) ^ kStunFingerprintMask);
  }
  // What follows the integrity check is not protected by it, and is ignored (RFC 8489 §14.5).
  if (integrityOffset_ != 0) return true;

  switch (static_cast<StunAttribute>(type)) {
    case StunAttribute::username:
      if (username_.empty()) username_ = value;
      return true;
    case StunAttribute::messageIntegrity:
      if (value.size() != crypto::kSha1DigestOctets) return false;
      integrityOffset_ = offset;
      return true;
    case StunAttribute::messageIntegritySha256:
    case StunAttribute::priority:
    case StunAttribute::useCandidate:
      return true;
    default:
      if (type < kFirstOptional && unknownCount_ < kMaxUnknown) unknown_[unknownCount_++] = type;
      return true;
  }
}

StunTransactionId StunRequest::transactionId() const noexcept {
  StunTransactionId id;
  std::copy_n(message_.begin() + 8, id.size(), id.begin());
  return id;
}

bool StunRequest::isSignedWith(crypto::HmacSha1& hmac) const noexcept {
  if (integrityOffset_ == 0) return false;
  // The length that was hashed ends with the integrity check itself.
  const std::size_t end = integrityOffset_ + kStunAttributeHeaderOctets + crypto::kSha1DigestOctets;
  const std::size_t length = end - kStunHeaderOctets;
  const std::array<std::uint8_t, 2> lengthOctets{static_cast<std::uint8_t>(length >> 8),
                                                 static_cast<std::uint8_t>(length)};
  hmac.start();
  hmac.update(message_.first(2));
  hmac.update(lengthOctets);
  hmac.update(message_.subspan(4, integrityOffset_ - 4));
  const crypto::HmacSha1::Tag tag = hmac.finish();
  return CRYPTO_memcmp(tag.data(), message_.data() + end - tag.size(), tag.size()) == 0;
}

}  // namespace sallyport::media
