#pragma once

#include <cstddef>
#include <cstdint>
#include <span>

namespace sallyport::media {

/// Is told what a compound RTCP packet names, in order; spans are of the packet and may be written.
///
/// A *sender* belongs to the side that sent the compound; a *source* is one that this side hears,
/// and whose numbers are as that side got them. Fields that name neither are not told.
class RtcpVisitor {
 public:
  /// SSRC of the sender of one packet, an SDES chunk or a BYE.
  virtual void onSender(std::span<std::uint8_t, 4> ssrc) noexcept = 0;
  /// Sender's SSRC and sender info: NTP and RTP timestamp, counts (RFC 3550 §6.4.1).
  virtual void onSenderReport(std::span<const std::uint8_t, 24> senderAndInfo) noexcept = 0;
  /// One report block (RFC 3550 §6.4.1).
  virtual void onReportBlock(std::span<std::uint8_t, 24> block) noexcept = 0;
  /// SSRC of a source, without numbers that belong to it.
  virtual void onSource(std::span<std::uint8_t, 4> ssrc) noexcept = 0;
  /// SSRC, begin_seq and end_seq as XR blocks have them (RFC 3611 §4.1).
  virtual void onNumberRange(std::span<std::uint8_t, 8> ssrcAndRange) noexcept = 0;
  /// One PID and BLP of a generic NACK about `source`, as the packet had it (RFC 4585 §6.2.1).
  virtual void onNack(std::uint32_t source, std::span<std::uint8_t, 4> pidAndBlp) noexcept = 0;
  /// Sender's SSRC and a receiver reference time (RFC 3611 §4.4).
  virtual void onReferenceTime(std::uint32_t sender,
                               std::span<const std::uint8_t, 8> ntpTimestamp) noexcept = 0;
  /// SSRC of a source, LRR and DLRR (RFC 3611 §4.5).
  virtual void onReferenceDelay(std::span<std::uint8_t, 12> subBlock) noexcept = 0;
  /// A VoIP metrics block behind its header: SSRC of a source and metrics (RFC 3611 §4.7).
  virtual void onVoipMetrics(std::span<std::uint8_t, 32> metrics) noexcept = 0;
  /// First word of a packet of a type that we do not read; an SSRC in all but a few.
  virtual void onUnknownPacket(std::span<std::uint8_t, 4> firstWord) noexcept = 0;

 protected:
  RtcpVisitor() = default;
  RtcpVisitor(const RtcpVisitor&) = default;
  RtcpVisitor& operator=(const RtcpVisitor&) = default;
  ~RtcpVisitor() = default;
};

/// Walks a chain of packets that `isSoundRtcp` found whole. False when a packet's own counts or
/// lengths run past its end; what came before was told then.
[[nodiscard]] bool walkRtcp(std::span<std::uint8_t> compound, RtcpVisitor& visitor) noexcept;

/// The same walk, telling nobody.
[[nodiscard]] bool hasSoundRtcpContents(std::span<std::uint8_t> compound) noexcept;

}  // namespace sallyport::media
