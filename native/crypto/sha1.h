// The compression function of SHA-1 (RFC 3174 §6), for HMAC only: SHA-1 alone resists no
// collisions.
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>

namespace sallyport::crypto {

inline constexpr std::size_t kSha1BlockOctets = 64;
inline constexpr std::size_t kSha1DigestOctets = 20;

/// H0 to H4 (RFC 3174 §6.1).
using Sha1State = std::array<std::uint32_t, 5>;

inline constexpr Sha1State kSha1Start{0x67452301, 0xefcdab89, 0x98badcfe, 0x10325476, 0xc3d2e1f0};

/// Takes `count` blocks that lie behind one another into `state`. Needs no alignment; its time
/// depends on `count` only.
using Sha1Compress = void (*)(Sha1State& state, const std::uint8_t* blocks,
                              std::size_t count) noexcept;

/// Runs on every processor.
void compressSha1Portably(Sha1State& state, const std::uint8_t* blocks, std::size_t count) noexcept;

/// With the SHA extensions of x86; null where this processor lacks them.
Sha1Compress sha1ByExtensions() noexcept;

/// The faster one of the two that this processor can run.
Sha1Compress fastestSha1() noexcept;

}  // namespace sallyport::crypto
