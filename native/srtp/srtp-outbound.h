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

/// Why a packet was not protected.
enum class ProtectFailure : std::uint8_t {
  keyExpired,
  malformed,
  /// SRTCP's 31-bit or SRTP's 48-bit index has run out for this source.
  indexExhausted,
  /// The sequence number was used already, or is too old to prove that it was not (RFC 3711 §9.1).
  repeatedIndex,
  tooManySources,
  internal,
};

/// The sending half of one SRTP crypto context (RFC 3711 §3.2). Never uses an index of a source
/// twice. Not thread-safe; may change threads.
class SrtpOutbound {
 public:
  static Result<std::unique_ptr<SrtpOutbound>, SessionFailure> create(
      const SessionOptions& options);
  /// For the known-answer tests, which run while the library starts.
  static Result<std::unique_ptr<SrtpOutbound>, SessionFailure> withoutStartingLibrary(
      const SessionOptions& options);
  ~SrtpOutbound();
  SrtpOutbound(const SrtpOutbound&) = delete;
  SrtpOutbound& operator=(const SrtpOutbound&) = delete;

  /// Protects the first `length` octets of `buffer` in place; returns the new length.
  /// `buffer` must have kMaxTrailerOctets to spare. On failure its contents are unspecified.
  Result<std::size_t, ProtectFailure> protectRtp(std::span<std::uint8_t> buffer,
                                                 std::size_t length) noexcept;
  /// The same for SRTCP (RFC 3711 §3.4).
  Result<std::size_t, ProtectFailure> protectRtcp(std::span<std::uint8_t> buffer,
                                                  std::size_t length) noexcept;

  /// Goes on with the indices of `from`, SRTCP's too (RFC 3711 §3.3.1, §3.4).
  void adoptIndices(const SrtpOutbound& from) noexcept;

  /// What there is to say of a key since the last call; each once.
  std::optional<KeyNotice> takeNotice() noexcept;

  /// Bring what the next packet of SRTP needs into the cache: first what tells where it is, then,
  /// when that has come, itself.
  void prefetchContext() const noexcept;
  void prefetchHotLines() const noexcept;

  /// Rollover counter of a source; empty when nothing of it was sent or set.
  std::optional<std::uint32_t> rolloverCounter(std::uint32_t ssrc) const noexcept;
  /// Sets it for the next packet of a source, also of one not used yet. Empty on success.
  std::optional<RolloverFailure> setRolloverCounter(std::uint32_t ssrc,
                                                    std::uint32_t rolloverCounter) noexcept;

 private:
  friend class SrtpInbound;  // compares keys
  explicit SrtpOutbound(std::unique_ptr<CryptoContext> context) noexcept;
  std::unique_ptr<CryptoContext> context_;
};

}  // namespace sallyport::srtp
