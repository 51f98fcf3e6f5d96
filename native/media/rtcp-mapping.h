#pragma once

#include <cstdint>
#include <span>

#include "media/rtcp-walk.h"
#include "media/stream-table.h"

namespace sallyport::media {

/// Rewrites RTCP on its way through a relay as the RTP was rewritten: SSRCs of the side that sent
/// it become those that they leave with, SSRCs and sequence numbers of what that side hears become
/// those of their sender.
///
/// What nobody can know stays as it came: SSRCs that are not in a table, feedback formats and XR
/// blocks of other RFCs, the first word of unknown packet types where it is not the SSRC of a known
/// sender. NACKed numbers from the other side of a sender's restart are taken out.
class RtcpMapping final : public RtcpVisitor {
 public:
  /// `sending` holds the streams of the side that sent the compound, `heard` those that it hears.
  RtcpMapping(StreamTable& sending, StreamTable& heard) noexcept
      : sending_(sending), heard_(heard) {}

  void onSender(std::span<std::uint8_t, 4> ssrc) noexcept override;
  void onSenderReport(std::span<const std::uint8_t, 24>) noexcept override {}
  void onReportBlock(std::span<std::uint8_t, 24> block) noexcept override;
  void onSource(std::span<std::uint8_t, 4> ssrc) noexcept override;
  void onNumberRange(std::span<std::uint8_t, 8> ssrcAndRange) noexcept override;
  void onNack(std::uint32_t source, std::span<std::uint8_t, 4> pidAndBlp) noexcept override;
  void onReferenceTime(std::uint32_t, std::span<const std::uint8_t, 8>) noexcept override {}
  void onReferenceDelay(std::span<std::uint8_t, 12> subBlock) noexcept override;
  void onVoipMetrics(std::span<std::uint8_t, 32> metrics) noexcept override;
  void onUnknownPacket(std::span<std::uint8_t, 4> firstWord) noexcept override;

 private:
  StreamTable& sending_;
  StreamTable& heard_;
};

}  // namespace sallyport::media
