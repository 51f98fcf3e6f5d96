#include "media/stun-answer.h"

#include <algorithm>

#include "crypto/crc32.h"

namespace sallyport::media {

namespace {

constexpr std::uint8_t kIpv4 = 1;
constexpr std::uint8_t kIpv6 = 2;
/// Class and number of "Unknown Attribute" (RFC 8489 §14.8).
constexpr std::uint32_t kUnknownAttributeCode = 4 << 8 | 20;

}  // namespace

StunAnswer::StunAnswer(std::span<std::uint8_t> room, Type type,
                       const StunTransactionId& transaction) noexcept
    : room_(room), transaction_(transaction) {
  put16(static_cast<std::uint16_t>(type));
  put16(0);
  put32(kStunMagicCookie);
  put(transaction_);
}

void StunAnswer::addXorMappedAddress(const TransportAddress& address) noexcept {
  const auto octets = address.octets();
  begin(StunAttribute::xorMappedAddress, 4 + octets.size());
  put16(address.family() == AF_INET ? kIpv4 : kIpv6);
  put16(address.port() ^ (kStunMagicCookie >> 16));
  // Cookie and transaction id, as they stand in the header.
  const auto mask = room_.subspan(4, 16);
  for (std::size_t i = 0; i < octets.size(); ++i) room_[length_++] = octets[i] ^ mask[i];
}

void StunAnswer::addUnknownAttributes(std::span<const std::uint16_t> types) noexcept {
  begin(StunAttribute::errorCode, 4);
  put32(kUnknownAttributeCode);
  begin(StunAttribute::unknownAttributes, 2 * types.size());
  for (const std::uint16_t type : types) put16(type);
  if (types.size() % 2 != 0) put16(0);
}

void StunAnswer::addIntegrity(crypto::HmacSha1& hmac) noexcept {
  const std::size_t covered = length_;
  begin(StunAttribute::messageIntegrity, crypto::kSha1DigestOctets);
  hmac.start();
  hmac.update(room_.first(covered));
  put(hmac.finish());
}

void StunAnswer::addFingerprint() noexcept {
  const std::size_t covered = length_;
  begin(StunAttribute::fingerprint, 4);
  put32(crypto::crc32(room_.first(covered)) ^ kStunFingerprintMask);
}

void StunAnswer::put16(std::size_t value) noexcept {
  room_[length_++] = static_cast<std::uint8_t>(value >> 8);
  room_[length_++] = static_cast<std::uint8_t>(value);
}

void StunAnswer::put32(std::uint32_t value) noexcept {
  put16(value >> 16);
  put16(value);
}

void StunAnswer::put(std::span<const std::uint8_t> octets) noexcept {
  std::ranges::copy(octets, room_.begin() + static_cast<std::ptrdiff_t>(length_));
  length_ += octets.size();
}

void StunAnswer::begin(StunAttribute type, std::size_t octets) noexcept {
  put16(static_cast<std::uint16_t>(type));
  put16(octets);
  const std::size_t after = length_ + (octets + 3) / 4 * 4 - kStunHeaderOctets;
  room_[2] = static_cast<std::uint8_t>(after >> 8);
  room_[3] = static_cast<std::uint8_t>(after);
}

}  // namespace sallyport::media
