#pragma once

#include <cstddef>
#include <cstdint>
#include <memory>
#include <optional>
#include <span>

#include "base/result.h"
#include "srtp/session-options.h"

namespace sallyport::srtp {

class CryptoContext;
class SrtpOutbound;

/// Why a packet was not opened.
enum class UnprotectFailure : std::uint8_t {
  replayed,
  tooOld,
  badTag,
  unknownMki,
  keyExpired,
  malformed,
  tooManySources,
  internal,
};

/// The receiving half of one SRTP crypto context (RFC 3711 §3.2). Not thread-safe; may change
/// threads.
class SrtpInbound {
 public:
  static Result<std::unique_ptr<SrtpInbound>, SessionFailure> create(const SessionOptions& options);
  /// For the known-answer tests, which run while the library starts.
  static Result<std::unique_ptr<SrtpInbound>, SessionFailure> withoutStartingLibrary(
      const SessionOptions& options);
  ~SrtpInbound();
  SrtpInbound(const SrtpInbound&) = delete;
  SrtpInbound& operator=(const SrtpInbound&) = delete;

  /// Checks and decrypts `packet` in place; returns its new length in octets.
  /// Order as in RFC 3711 §3.3: replay, then tag, then decryption.
  /// On failure the contents of `packet` are unspecified: drop it.
  Result<std::size_t, UnprotectFailure> unprotectRtp(std::span<std::uint8_t> packet) noexcept;
  /// The same for SRTCP (RFC 3711 §3.4).
  Result<std::size_t, UnprotectFailure> unprotectRtcp(std::span<std::uint8_t> packet) noexcept;

  bool isAead() const noexcept;
  bool usesMki() const noexcept;
  /// True when both have a master key in common, whatever its salt.
  bool sharesKeyWith(const SrtpInbound& other) const noexcept;
  bool sharesKeyWith(const SrtpOutbound& other) const noexcept;

  /// Takes over the sources of `from` with their SRTP indices and replay lists; those of SRTCP too
  /// where both share a key: under another one no packet can be a replay, and some senders begin
  /// again at 0.
  void adoptIndices(const SrtpInbound& from) noexcept;
  /// Marks the SRTP packet that `from` accepted last as accepted here too.
  void mirrorRtp(const SrtpInbound& from, std::uint32_t ssrc,
                 std::uint16_t sequenceNumber) noexcept;

  /// Highest packet index of a source; empty when no SRTP of it was opened.
  std::optional<std::uint64_t> highestIndex(std::uint32_t ssrc) const noexcept;
  /// True when `packet`, which failed its tag, opens as that of `index`, not 0. Changes the packet
  /// and nothing else.
  bool opensAt(std::uint32_t ssrc, std::uint64_t index, std::span<std::uint8_t> packet) noexcept;
  /// Makes a source expect the packet of `index`, not 0, next. False when there is no room for it.
  bool expectIndex(std::uint32_t ssrc, std::uint64_t index) noexcept;

  /// What there is to say of a key since the last call; each once.
  std::optional<KeyNotice> takeNotice() noexcept;

  /// Bring what the next packet of SRTP needs into the cache: first what tells where it is, then,
  /// when that has come, itself.
  void prefetchContext() const noexcept;
  void prefetchHotLines() const noexcept;

  /// Rollover counter of a source; empty when nothing of it was seen or set.
  std::optional<std::uint32_t> rolloverCounter(std::uint32_t ssrc) const noexcept;
  /// Sets it for the next packet of a source, also of one not seen yet (late joiner, RFC 3711
  /// §3.3.1). Empty on success.
  std::optional<RolloverFailure> setRolloverCounter(std::uint32_t ssrc,
                                                    std::uint32_t rolloverCounter) noexcept;

 private:
  explicit SrtpInbound(std::unique_ptr<CryptoContext> context) noexcept;
  std::unique_ptr<CryptoContext> context_;
};

}  // namespace sallyport::srtp
