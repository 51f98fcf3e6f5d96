#pragma once

#include <cstddef>
#include <cstdint>
#include <memory>
#include <optional>
#include <span>

#include "base/result.h"
#include "srtp/rollover-probe.h"
#include "srtp/srtp-inbound.h"

namespace sallyport::srtp {

/// How the keys of a peer follow each other, and where in their indices it may be found.
struct InboundRules {
  RolloverRule rollover = RolloverRule::keep;
  /// How long old keys stay valid beside new ones where packets name theirs by MKI, in ms.
  std::uint32_t graceMs = 5000;
  /// Rollovers that a stream may have had, above what was heard of it, without our knowing. 0: none
  /// is looked for.
  std::uint32_t lateJoinRollovers = 0;
};

/// What opens the packets of one peer: the crypto context in force and, for a while after a re-key,
/// the one before it, so that no packet on its way is lost. Where packets name their key (MKI) both
/// are valid for a grace time; where not, the new one is tried first and the old one goes 500 ms
/// after the first packet that authenticated under the new one.
///
///   rekey     with MKI      |<- old and new, graceMs ->| new
///             without       |<- old ... first under new, 500 ms ->| new
///
/// With `RolloverRule::keep` both share one space of indices: what one accepted is a replay to the
/// other. Knows no clock: time comes in with packets and ticks.
class InboundContexts {
 public:
  InboundContexts(std::unique_ptr<SrtpInbound> first, const InboundRules& rules) noexcept;

  /// Puts `next` in force. Of the contexts before it the last that has opened a packet stays for a
  /// while. A key that stays keeps its indices whatever the rules say.
  void rekey(std::unique_ptr<SrtpInbound> next, const InboundRules& rules) noexcept;

  /// As `SrtpInbound::unprotectRtp`.
  Result<std::size_t, UnprotectFailure> unprotectRtp(std::span<std::uint8_t> packet,
                                                     std::uint64_t nowMs) noexcept;
  Result<std::size_t, UnprotectFailure> unprotectRtcp(std::span<std::uint8_t> packet,
                                                      std::uint64_t nowMs) noexcept;

  /// Wipes the old context when its time is over; called now and then, also when no packet comes.
  void onTick(std::uint64_t nowMs) noexcept;

  /// The context in force, which most packets are for.
  const SrtpInbound& current() const noexcept { return *current_; }

  /// True while the context before a re-key is still valid.
  bool isInTransition() const noexcept { return previous_ != nullptr; }
  bool sharesKeyWith(const SrtpOutbound& outbound) const noexcept;
  std::optional<KeyNotice> takeNotice() noexcept;

 private:
  enum class Kind : std::uint8_t { rtp, rtcp };

  template <Kind kind>
  Result<std::size_t, UnprotectFailure> open(std::span<std::uint8_t> packet,
                                             std::uint64_t nowMs) noexcept;
  std::span<const std::uint8_t> keepCopy(std::span<const std::uint8_t> packet) noexcept;
  void prepare(const InboundRules& rules) noexcept;
  void mirror(const SrtpInbound& from, SrtpInbound& to,
              std::span<const std::uint8_t> packet) const noexcept;

  std::unique_ptr<SrtpInbound> current_;
  std::unique_ptr<SrtpInbound> previous_;
  bool hasCurrentOpened_ = false;
  bool sharesIndices_ = false;
  /// Both contexts tell their packets by MKI.
  bool namesKeys_ = false;
  std::uint32_t graceMs_ = 0;
  /// When `previous_` goes; not known before the packet or tick that starts its time.
  std::optional<std::uint64_t> previousEndsMs_;
  /// AES-GCM decrypts before it knows the tag: what a failed try leaves behind is no packet. Made
  /// where a second try may follow.
  std::unique_ptr<std::uint8_t[]> copy_;
  std::optional<RolloverProbe> probe_;
};

}  // namespace sallyport::srtp
