#pragma once

#include <srtp.h>

#include <cstdint>
#include <memory>
#include <optional>
#include <span>
#include <utility>
#include <vector>

#include "base/result.h"
#include "srtp/hot-lines.h"
#include "srtp/key-budget.h"
#include "srtp/key-registry.h"
#include "srtp/session-options.h"

namespace sallyport::srtp {

enum class Direction : std::uint8_t { inbound, outbound };

/// One SSRC of a session.
struct Source {
  std::uint32_t ssrc;
  /// A packet of SRTP was protected or opened.
  bool hasRtp;
  /// Set from outside and not yet confirmed by a packet.
  std::optional<std::uint32_t> pendingRolloverCounter;
};

/// What both directions share: libsrtp's sessions, the keys' MKIs and budgets, the sources (RFC
/// 3711 §3.2.1). libsrtp finds sessions' streams, indices and replay lists; limits on keys and
/// sources are ours.
class CryptoContext {
 public:
  /// Does not start the library: who calls has done so.
  static Result<std::unique_ptr<CryptoContext>, SessionFailure> create(
      Direction direction, const SessionOptions& options);

  const SuiteTraits& suite() const noexcept { return suite_; }
  srtp_t rtpSession() const noexcept { return rtp_.get(); }
  srtp_t rtcpSession() const noexcept { return rtcp_ ? rtcp_.get() : rtp_.get(); }

  std::size_t mkiOctets() const noexcept { return mkis_.front().size(); }
  bool usesMki() const noexcept { return mkiOctets() != 0; }
  /// Which key a packet that ends with `mki` names; without MKI the only one.
  std::optional<std::size_t> keyNamed(std::span<const std::uint8_t> mki) const noexcept;
  std::size_t activeKey() const noexcept { return activeKey_; }

  /// False when the key must not be used again; notes when it is past its lifetime.
  bool mayUse(std::size_t key) noexcept;
  /// Counts a packet of a key, and notes when an outbound one nears its end.
  void countRtp(std::size_t key) noexcept;
  void countRtcp(std::size_t key) noexcept;
  std::optional<KeyNotice> takeNotice() noexcept { return notices_.take(); }
  /// True when both have a master key in common, whatever its salt.
  bool sharesKeyWith(const CryptoContext& other) const noexcept;

  /// Null for a source that nothing is known of.
  Source* findSource(std::uint32_t ssrc) noexcept;
  bool isFull() const noexcept { return sources_.size() == maxSources_; }
  /// Not when full.
  Source& addSource(std::uint32_t ssrc) noexcept;

  /// A packet of SRTP of this source was protected or opened.
  void onRtp(Source& source) noexcept {
    if (!std::exchange(source.hasRtp, true) || hotLines_.isEmpty()) learnHotLines(source.ssrc);
  }
  /// What the next packet will touch, as far as the last new source tells.
  const HotLines& hotLines() const noexcept { return hotLines_; }

  /// True when this packet of a source would need a 49th bit of index.
  bool runsOutOfIndices(const Source& source, std::uint16_t sequenceNumber) const noexcept;

  /// Hands a pending rollover counter to libsrtp for one packet, and takes it back where the packet
  /// failed.
  void offerRolloverCounter(const Source& source) noexcept;
  void settleRolloverCounter(Source& source, bool succeeded) noexcept;

  /// Takes over sources with their indices and replay lists, as far as there is room.
  void adoptIndices(const CryptoContext& from, bool withRtcp) noexcept;
  /// Marks the packet that `from` accepted last as accepted here too.
  void mirrorRtp(const CryptoContext& from, std::uint32_t ssrc,
                 std::uint16_t sequenceNumber) noexcept;

  /// Highest packet index of a source; empty when no SRTP of it was opened.
  std::optional<std::uint64_t> highestIndex(std::uint32_t ssrc) noexcept;
  /// True when `packet` opens as that of `index`, not 0. Changes the packet and nothing else.
  bool opensAt(std::uint32_t ssrc, std::uint64_t index, std::span<std::uint8_t> packet) noexcept;
  /// Makes a source expect the packet of `index`, not 0, next. False when there is no room for it.
  bool expectIndex(std::uint32_t ssrc, std::uint64_t index) noexcept;

  std::optional<std::uint32_t> rolloverCounter(std::uint32_t ssrc) noexcept;
  std::optional<RolloverFailure> setRolloverCounter(std::uint32_t ssrc,
                                                    std::uint32_t rolloverCounter) noexcept;

 private:
  struct Dealloc {
    void operator()(srtp_ctx_t_* session) const noexcept { srtp_dealloc(session); }
  };
  using Session = std::unique_ptr<srtp_ctx_t_, Dealloc>;

  CryptoContext(const SuiteTraits& suite, const SessionOptions& options);
  void learnHotLines(std::uint32_t ssrc) noexcept;
  std::optional<SessionFailure> takeKeys(Direction direction, const SessionOptions& options);
  static Session openSession(Direction direction, const SessionOptions& options,
                             std::size_t rtpTagOctets);

  const SuiteTraits& suite_;
  Session rtp_;
  /// Only where libsrtp cannot do both in one session.
  Session rtcp_;
  std::vector<std::vector<std::uint8_t>> mkis_;
  std::vector<std::shared_ptr<KeyRecord>> records_;
  std::vector<OutboundClaim> claims_;
  std::vector<KeyBudget> budgets_;
  KeyNotices notices_;
  bool isOutbound_ = false;
  std::size_t activeKey_;
  std::vector<Source> sources_;
  std::size_t maxSources_;
  HotLines hotLines_;
};

}  // namespace sallyport::srtp
