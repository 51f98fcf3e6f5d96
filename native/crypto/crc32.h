#pragma once

#include <cstdint>
#include <span>

namespace sallyport::crypto {

/// CRC-32 of ITU-T V.42 §8.1.1.6.2, as STUN's FINGERPRINT wants it (RFC 8489 §14.7). Guards against
/// accidents only.
[[nodiscard]] std::uint32_t crc32(std::span<const std::uint8_t> octets) noexcept;

}  // namespace sallyport::crypto
