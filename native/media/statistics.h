#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <string_view>

namespace sallyport::media {

/// Why a datagram was not passed on; counted on the leg where it arrived.
enum class DropReason : std::uint8_t {
  wrongSource,
  unprovenSource,
  malformed,
  replayed,
  tooOld,
  badTag,
  unknownMki,
  unknownPayloadType,
  tooManySources,
  reflected,
  expiredKey,
  direction,
  stun,
  dtls,
  zrtp,
  turnChannel,
  noRoute,
  wouldBlock,
  internal,
};

/// Names by `DropReason`, as in the TypeScript list `dropReasons`.
inline constexpr std::array<std::string_view, 19> kDropReasonNames{
    "wrong-source",
    "unproven-source",
    "malformed",
    "replayed",
    "too-old",
    "bad-tag",
    "unknown-mki",
    "unknown-payload-type",
    "too-many-sources",
    "reflected",
    "expired-key",
    "direction",
    "stun",
    "dtls",
    "zrtp",
    "turn-channel",
    "no-route",
    "would-block",
    "internal",
};

/// What was done with a datagram that was neither passed on nor dropped; counted where it arrived.
enum class HandledKind : std::uint8_t { stun, dtls };

/// Names by `HandledKind`, as in the TypeScript list `handledKinds`.
inline constexpr std::array<std::string_view, 2> kHandledKindNames{"stun", "dtls"};

/// Counters of one leg since it was made. Every datagram that came in is in `received` or
/// `receivedRtcp`, and either in the other leg's `sent` or `sentRtcp`, in one `handled` (STUN
/// answered, DTLS handed up), or in one `dropped`. Answers are in no `sent`.
struct LegStatistics {
  std::uint64_t receivedPackets = 0;
  std::uint64_t receivedOctets = 0;
  std::uint64_t receivedRtcp = 0;
  std::uint64_t sentPackets = 0;
  std::uint64_t sentOctets = 0;
  std::uint64_t sentRtcp = 0;
  std::array<std::uint64_t, kDropReasonNames.size()> dropped{};

  std::array<std::uint64_t, kHandledKindNames.size()> handled{};

  void countHandled(HandledKind kind) noexcept { ++handled[static_cast<std::size_t>(kind)]; }
  void countDropped(DropReason reason) noexcept { ++dropped[static_cast<std::size_t>(reason)]; }
};

}  // namespace sallyport::media
