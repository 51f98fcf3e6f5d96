#pragma once

#include <bitset>
#include <cstddef>
#include <cstdint>
#include <memory>
#include <optional>
#include <span>
#include <utility>

#include "base/result.h"
#include "media/channel.h"
#include "media/demux.h"
#include "media/leg-monitoring.h"
#include "media/origin-guard.h"
#include "media/recently-sent.h"
#include "media/side-protocols.h"
#include "media/statistics.h"
#include "media/transport-address.h"
#include "srtp/inbound-contexts.h"
#include "srtp/srtp-outbound.h"

namespace sallyport::media {

/// As seen from us (RFC 8866 §6.7): `sendonly` sends to the leg and drops RTP that comes from it.
enum class Direction : std::uint8_t { sendrecv, sendonly, recvonly, inactive };

/// What a leg is told when the signalling settles it, and again whenever that changes.
struct LegConfiguration {
  TransportAddress remoteRtp;
  TransportAddress remoteRtcp;
  /// RTP and RTCP share the RTP ports of both sides (RFC 5761); `remoteRtcp` is not read.
  bool isMultiplexed = false;
  SourceRule source = SourceRule::declared;
  /// Read with `SourceRule::subnet` and `signallingAddress` only.
  AddressBlock sourceBlock;
  /// A settled source may give way to another that authenticates; needs SRTP.
  bool mayMove = false;
  std::bitset<128> payloadTypes = std::bitset<128>{}.set();
  Direction direction = Direction::sendrecv;
  /// Streams that a leg hears (`StreamTable`); the sessions below have limits of their own.
  std::size_t maxSources = srtp::kDefaultMaxSources;
  /// Plain RTP: passes what was sent there and came back, too.
  bool passesReflections = false;
  /// Answers STUN where there is one.
  std::unique_ptr<StunResponder> stun;
  bool reportsDtls = false;
  /// Plain RTP; the sessions below must then be absent.
  bool isClear = false;
  LegMonitoring monitoring;
  /// Absent: the present session stays, with its indices and replay windows.
  std::unique_ptr<srtp::SrtpInbound> inbound;
  /// Absent: the present session stays, so that its indices never repeat.
  std::unique_ptr<srtp::SrtpOutbound> outbound;
  /// How `inbound` follows the present session, and where it begins.
  srtp::InboundRules inboundRules;
  /// How `outbound` follows the present session.
  srtp::RolloverRule outboundRollover = srtp::RolloverRule::keep;
  /// Octets of the RTP tag of `inbound`.
  std::size_t tagOctets = 0;
};

/// One datagram as it came from a socket.
struct Arrival {
  /// Which leg of its relay, 0 or 1.
  std::size_t leg = 0;
  Channel channel = Channel::rtp;
  /// The buffer: the datagram and, behind it, room to grow.
  std::span<std::uint8_t> room;
  /// Octets of the datagram on the wire.
  std::size_t length = 0;
  /// The buffer took a part only.
  bool isTruncated = false;
  TransportAddress from;
  /// Monotonic, for jitter and round trips; one reading a batch is enough.
  std::uint64_t arrivedUs = 0;
};

enum class ConfigureFailure : std::uint8_t {
  noSession,
  learningNeedsSrtp,
  remoteNotUnicast,
  /// What we send would have a key that somebody sends to us under: reflected packets would open.
  keyInBothDirections,
};

/// One side of a relay: what may come in, what goes out, and the crypto contexts of both.
/// Knows no socket and no clock. Changing it keeps its ports and counters.
class Leg {
 public:
  /// Puts `configuration` in force, or changes nothing and says why.
  /// An address learned before stays learned when neither its rule nor the inbound key changed.
  [[nodiscard]] std::optional<ConfigureFailure> configure(LegConfiguration configuration,
                                                          std::uint64_t nowMs) noexcept;

  /// True when `next` would leave one key protecting what comes in and what goes out, on this leg
  /// or across to `other`.
  [[nodiscard]] bool wouldMixDirections(const LegConfiguration& next,
                                        const Leg& other) const noexcept;

  /// Asks the origin guard, before anything else is done with what arrived.
  [[nodiscard]] std::optional<DropReason> admit(const Arrival& arrival,
                                                std::uint64_t nowMs) noexcept;

  /// What was admitted and the demux takes for something else than media.
  [[nodiscard]] SideOutcome receiveOther(const Arrival& arrival, DatagramKind kind,
                                         std::uint64_t nowMs) noexcept;

  /// Checks form, tag and replay of media that was admitted, opens it in place and returns its new
  /// length.
  [[nodiscard]] Result<std::size_t, DropReason> open(const Arrival& arrival,
                                                     std::uint64_t nowMs) noexcept;
  /// The packet just opened is one that is wanted: the origin guard learns from it. What it returns
  /// keeps the packet back all the same.
  [[nodiscard]] std::optional<DropReason> accept(const Arrival& arrival) noexcept;
  /// What the packet just accepted taught the origin guard, once.
  [[nodiscard]] std::optional<SourceChange> takeSourceChange() noexcept {
    return std::exchange(sourceChange_, std::nullopt);
  }

  /// Seals the first `length` octets of `room` in place for this leg's peer; the octets behind them
  /// are room for tag, index and MKI.
  [[nodiscard]] Result<std::size_t, DropReason> seal(Channel channel, std::span<std::uint8_t> room,
                                                     std::size_t length) noexcept;

  /// Brings what the next packet needs that is opened or sealed here into the cache, from step 0 to
  /// the last; each finds what the one before it has fetched.
  static constexpr std::size_t kPrefetchSteps = 4;
  void prefetchForOpening(std::size_t step) const noexcept;
  void prefetchForSealing(std::size_t step) const noexcept;

  /// Once a second: old keys end also when nothing comes.
  void onTick(std::uint64_t nowMs) noexcept;

  /// What there is to say of the peer's keys, and of ours, since the last call.
  [[nodiscard]] std::optional<srtp::KeyNotice> takeInboundNotice() noexcept;
  [[nodiscard]] std::optional<srtp::KeyNotice> takeOutboundNotice() noexcept;

  /// True when packets of `channel` may leave towards this leg's peer, as far as its direction
  /// says.
  [[nodiscard]] bool sends(Channel channel) const noexcept {
    return channel == Channel::rtcp || direction_ == Direction::sendrecv ||
           direction_ == Direction::sendonly;
  }

  /// True when RTP of the leg's peer is wanted.
  [[nodiscard]] bool expectsRtp() const noexcept {
    return isConfigured_ &&
           (direction_ == Direction::sendrecv || direction_ == Direction::recvonly);
  }

  /// What `arrival` is, which on a multiplexed port its octets tell.
  [[nodiscard]] Channel channelOf(const Arrival& arrival) const noexcept;
  /// The port of ours that packets of `channel` leave from.
  [[nodiscard]] Channel portFor(Channel channel) const noexcept {
    return isMultiplexed_ ? Channel::rtp : channel;
  }

  /// Where packets of `channel` go.
  [[nodiscard]] const TransportAddress& destination(Channel channel) const noexcept {
    return guard(channel).destination();
  }

  [[nodiscard]] bool isClear() const noexcept { return isClear_; }

  LegStatistics statistics;

 private:
  [[nodiscard]] Result<std::size_t, DropReason> openRtp(const Arrival& arrival,
                                                        std::uint64_t nowMs) noexcept;
  [[nodiscard]] Result<std::size_t, DropReason> openRtcp(const Arrival& arrival,
                                                         std::uint64_t nowMs) noexcept;
  [[nodiscard]] const OriginGuard& guard(Channel channel) const noexcept {
    return portFor(channel) == Channel::rtp ? rtpGuard_ : rtcpGuard_;
  }
  [[nodiscard]] OriginGuard& guard(Channel channel) noexcept {
    return portFor(channel) == Channel::rtp ? rtpGuard_ : rtcpGuard_;
  }

  bool isConfigured_ = false;
  bool isClear_ = false;
  bool isMultiplexed_ = false;
  Direction direction_ = Direction::inactive;
  std::size_t tagOctets_ = 0;
  std::bitset<128> payloadTypes_;
  OriginGuard rtpGuard_;
  OriginGuard rtcpGuard_;
  std::optional<srtp::InboundContexts> inbound_;
  std::optional<SourceChange> sourceChange_;
  SideProtocols side_;
  /// Of a leg of plain RTP; with SRTP no reflected packet has a tag that holds.
  std::unique_ptr<RecentlySent> recentlySent_;
  bool passesReflections_ = false;
  std::unique_ptr<srtp::SrtpOutbound> outbound_;
};

}  // namespace sallyport::media
