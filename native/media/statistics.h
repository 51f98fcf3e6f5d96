#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <string_view>

namespace sallyport::media {

/// Why a datagram was not passed on; counted on the leg where it arrived.
enum class DropReason : std::uint8_t {
  wrongSource,
  malformed,
  replayed,
  tooOld,
  badTag,
  unknownMki,
  unknownPayloadType,
  tooManySources,
  expiredKey,
  direction,
  noRoute,
  wouldBlock,
  internal,
};

/// Names by `DropReason`, as in the TypeScript list `dropReasons`.
inline constexpr std::array<std::string_view, 13> kDropReasonNames{
    "wrong-source",
    "malformed",
    "replayed",
    "too-old",
    "bad-tag",
    "unknown-mki",
    "unknown-payload-type",
    "too-many-sources",
    "expired-key",
    "direction",
    "no-route",
    "would-block",
    "internal",
};

/// Counters of one leg since it was made. Every datagram that came in is in `received` or
/// `receivedRtcp`, and either in the other leg's `sent` or `sentRtcp` or in one `dropped`.
struct LegStatistics {
  std::uint64_t receivedPackets = 0;
  std::uint64_t receivedOctets = 0;
  std::uint64_t receivedRtcp = 0;
  std::uint64_t sentPackets = 0;
  std::uint64_t sentOctets = 0;
  std::uint64_t sentRtcp = 0;
  std::array<std::uint64_t, kDropReasonNames.size()> dropped{};

  void countDropped(DropReason reason) noexcept { ++dropped[static_cast<std::size_t>(reason)]; }
};

}  // namespace sallyport::media
