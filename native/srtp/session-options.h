#pragma once

#include <cstddef>
#include <cstdint>
#include <memory>
#include <optional>
#include <vector>

#include "srtp/master-key.h"

namespace sallyport::srtp {

/// Most packets that one master key may protect (RFC 3711 §9.2); whichever is reached first ends
/// the key.
inline constexpr std::uint64_t kMaxRtpPacketsPerKey = std::uint64_t{1} << 48;
inline constexpr std::uint64_t kMaxRtcpPacketsPerKey = std::uint64_t{1} << 31;

inline constexpr std::size_t kMaxMkiOctets = 128;
inline constexpr std::size_t kMaxKeysPerSession = 16;
inline constexpr std::uint32_t kMinReplayWindowPackets = 64;
inline constexpr std::uint32_t kMaxReplayWindowPackets = 32767;
inline constexpr std::uint32_t kDefaultReplayWindowPackets = 128;
inline constexpr std::uint32_t kDefaultMaxSources = 64;
/// SSRCs that a peer may send with at most, where a caller asks for that many.
inline constexpr std::uint32_t kMaxMaxSources = 4096;
/// A stream of a peer may leave with three SSRCs, one after the other (media/stream-map.h).
inline constexpr std::uint32_t kMaxSentSources = 3 * kMaxMaxSources;

/// Octets that protection may add to a packet: tag, SRTCP index, MKI.
inline constexpr std::size_t kMaxTrailerOctets = 16 + 4 + kMaxMkiOctets;
/// Longest packet taken, trailer included: what a UDP datagram can carry.
inline constexpr std::size_t kMaxPacketOctets = 65535;

/// One master key of a session and the name that packets call it by.
struct SessionKey {
  std::shared_ptr<const MasterKey> masterKey;
  /// 0 to 128 octets; empty means that packets carry no MKI, and then it is the session's only key.
  std::vector<std::uint8_t> mki;
  /// RFC 4568 §6.1; counted for SRTP and for SRTCP, over all sources. Never more than RFC 3711 §9.2
  /// allows.
  std::uint64_t lifetimePackets = kMaxRtpPacketsPerKey;
};

/// What happens when a key is past its lifetime. The maxima of RFC 3711 §9.2 stop it in any case.
enum class ExpiryRule : std::uint8_t { stop, alert };

/// Something that the owner of a session should know of one of its keys.
enum class KeyNotice : std::uint8_t {
  /// Four fifths of its lifetime are used; outbound only.
  rekeyDue,
  /// It is past its lifetime.
  expired,
};

/// What becomes of rollover counters where a new key follows an old one.
enum class RolloverRule : std::uint8_t {
  /// They go on (RFC 3711 §3.3.1).
  keep,
  /// They start again at 0 (RFC 4568 §7.1.4 where an address changes; Microsoft Teams always).
  reset,
};

struct SessionOptions {
  /// At least one; all of one suite, with MKIs of one length that differ.
  std::vector<SessionKey> keys;
  /// 64 to 32767 (RFC 3711 §3.3.2); libsrtp rounds up to a multiple of 32.
  std::uint32_t replayWindowPackets = kDefaultReplayWindowPackets;
  /// SSRCs that the session keeps state for, 1 to `kMaxSentSources`.
  std::uint32_t maxSources = kDefaultMaxSources;
  /// Outbound only: index in `keys` of the key that protects.
  std::size_t activeKey = 0;
  ExpiryRule expiry = ExpiryRule::stop;
  /// Outbound only: refuses keys that another session made with this protects, or protected, under.
  bool mustOwnKeys = false;
};

enum class SessionFailure : std::uint8_t {
  noKey,
  tooManyKeys,
  mixedSuites,
  mkiMissing,
  mkiTooLong,
  mkiLengthsDiffer,
  mkiRepeated,
  lifetimeOutOfRange,
  replayWindowOutOfRange,
  maxSourcesOutOfRange,
  activeKeyOutOfRange,
  libraryUnusable,
  /// Another session protects or protected packets under it (RFC 3711 §9.1).
  keyReused,
};

/// What is wrong with `options`; empty when nothing is.
std::optional<SessionFailure> findFault(const SessionOptions& options);

/// Why the rollover counter of a source could not be set.
enum class RolloverFailure : std::uint8_t {
  /// It would make indices possible again that were used already.
  wentBack,
  tooManySources,
  internal,
};

}  // namespace sallyport::srtp
