#include "media/rtcp-walk.h"

#include "base/big-endian.h"

namespace sallyport::media {

namespace {

using Octets = std::span<std::uint8_t>;

constexpr std::size_t kHeaderOctets = 4;
constexpr std::size_t kSsrcOctets = 4;
constexpr std::size_t kSenderReportOctets = 24;
constexpr std::size_t kReportBlockOctets = 24;

/// RFC 3550 §12.1, RFC 4585 §6.1, RFC 3611 §6.2.
enum PacketType : std::uint8_t {
  kInterarrivalJitter = 195,  // RFC 5450 §4: no SSRC at all
  kSenderReport = 200,
  kReceiverReport = 201,
  kSourceDescription = 202,
  kGoodbye = 203,
  kApplication = 204,
  kTransportFeedback = 205,
  kPayloadFeedback = 206,
  kExtendedReport = 207,
};

/// RFC 4585 §6.2, RFC 5104 §4.2, RFC 6642 §5.1.
enum TransportFormat : std::uint8_t {
  kGenericNack = 1,
  kBitRateRequest = 3,
  kBitRateNotification = 4,
  kThirdPartyLoss = 7,
};

/// RFC 4585 §6.3, RFC 5104 §4.3.
enum PayloadFormat : std::uint8_t {
  kFullIntraRequest = 4,
  kTradeOffRequest = 5,
  kTradeOffNotification = 6,
  kBackChannelMessage = 7,
  kApplicationLayer = 15,
};

/// RFC 3611 §4.
enum BlockType : std::uint8_t {
  kLossRunLengths = 1,
  kDuplicateRunLengths = 2,
  kReceiptTimes = 3,
  kReferenceTime = 4,
  kReferenceDelay = 5,
  kStatisticsSummary = 6,
  kVoipMetrics = 7,
};

/// Sender, in a sender report also its info, then blocks; a profile's extension may follow (RFC
/// 3550 §6.4.3). The sender comes last, so that a visitor that writes does not change what blocks
/// mean.
bool walkReport(Octets body, std::size_t count, std::size_t leadOctets,
                RtcpVisitor& visitor) noexcept {
  if (body.size() < leadOctets + count * kReportBlockOctets) return false;
  if (leadOctets == kSenderReportOctets) {
    visitor.onSenderReport(body.first<kSenderReportOctets>());
  }
  for (std::size_t i = 0; i < count; ++i) {
    visitor.onReportBlock(
        body.subspan(leadOctets + i * kReportBlockOctets).first<kReportBlockOctets>());
  }
  visitor.onSender(body.first<kSsrcOctets>());
  return true;
}

/// Chunks begin on word boundaries; each list of items ends with one to four zero octets (RFC 3550
/// §6.5).
bool walkSourceDescription(Octets body, std::size_t count, RtcpVisitor& visitor) noexcept {
  std::size_t at = 0;
  for (std::size_t chunk = 0; chunk < count; ++chunk) {
    if (body.size() < at + kSsrcOctets + 1) return false;
    visitor.onSender(body.subspan(at).first<kSsrcOctets>());
    at += kSsrcOctets;
    while (at < body.size() && body[at] != 0) {
      if (body.size() < at + 2) return false;
      at += 2 + std::size_t{body[at + 1]};
    }
    if (at >= body.size()) return false;
    at = (at + 4) & ~std::size_t{3};
  }
  return at <= body.size();
}

bool walkGoodbye(Octets body, std::size_t count, RtcpVisitor& visitor) noexcept {
  const std::size_t sources = count * kSsrcOctets;
  if (body.size() < sources) return false;
  if (body.size() > sources && body.size() < sources + 1 + body[sources]) return false;
  for (std::size_t at = 0; at < sources; at += kSsrcOctets) {
    visitor.onSender(body.subspan(at).first<kSsrcOctets>());
  }
  return true;
}

/// An SSRC and what belongs to it, again and again: `entryOctets` each.
bool walkSources(Octets list, std::size_t entryOctets, RtcpVisitor& visitor) noexcept {
  if (list.size() % entryOctets != 0) return false;
  for (std::size_t at = 0; at < list.size(); at += entryOctets) {
    visitor.onSource(list.subspan(at).first<kSsrcOctets>());
  }
  return true;
}

/// "REMB": a number of SSRCs behind two words (draft-alvestrand-rmcat-remb §2.2).
bool walkApplicationLayer(Octets fci, RtcpVisitor& visitor) noexcept {
  constexpr std::uint32_t kIdentifier = 0x52454d42;
  constexpr std::size_t kLeadOctets = 8;
  if (fci.size() < kLeadOctets || readBig32(fci, 0) != kIdentifier) return true;
  const std::size_t sources = fci[4] * kSsrcOctets;
  if (fci.size() < kLeadOctets + sources) return false;
  return walkSources(fci.subspan(kLeadOctets, sources), kSsrcOctets, visitor);
}

/// Sender, media source and feedback control information (RFC 4585 §6.1).
bool walkFeedback(PacketType type, std::uint8_t format, Octets body,
                  RtcpVisitor& visitor) noexcept {
  if (body.size() < 2 * kSsrcOctets) return false;
  const std::uint32_t source = readBig32(body, kSsrcOctets);
  const Octets fci = body.subspan(2 * kSsrcOctets);
  visitor.onSender(body.first<kSsrcOctets>());
  visitor.onSource(body.subspan(kSsrcOctets).first<kSsrcOctets>());

  if (type == kTransportFeedback) {
    switch (format) {
      case kGenericNack:
      case kThirdPartyLoss:
        for (std::size_t at = 0; at + 4 <= fci.size(); at += 4) {
          visitor.onNack(source, fci.subspan(at).first<4>());
        }
        return true;
      case kBitRateRequest:
      case kBitRateNotification:
        return walkSources(fci, 8, visitor);
      default:
        return true;
    }
  }
  switch (format) {
    case kFullIntraRequest:
    case kTradeOffRequest:
    case kTradeOffNotification:
      return walkSources(fci, 8, visitor);
    case kBackChannelMessage: {
      // Entries have lengths of their own; one to a packet is what anybody sends (RFC 5104 §4.3.4).
      if (fci.size() < 8) return false;
      visitor.onSource(fci.first<kSsrcOctets>());
      return true;
    }
    case kApplicationLayer:
      return walkApplicationLayer(fci, visitor);
    default:
      return true;
  }
}

bool walkExtendedBlock(std::uint8_t type, std::uint32_t sender, Octets contents,
                       RtcpVisitor& visitor) noexcept {
  constexpr std::size_t kRangeOctets = 8;
  constexpr std::size_t kNtpOctets = 8;
  constexpr std::size_t kDelayOctets = 12;
  constexpr std::size_t kVoipOctets = 32;
  switch (type) {
    case kLossRunLengths:
    case kDuplicateRunLengths:
    case kReceiptTimes:
    case kStatisticsSummary:
      if (contents.size() < kRangeOctets) return false;
      visitor.onNumberRange(contents.first<kRangeOctets>());
      return true;
    case kReferenceTime:
      if (contents.size() != kNtpOctets) return false;
      visitor.onReferenceTime(sender, contents.first<kNtpOctets>());
      return true;
    case kReferenceDelay:
      if (contents.size() % kDelayOctets != 0) return false;
      for (std::size_t at = 0; at < contents.size(); at += kDelayOctets) {
        visitor.onReferenceDelay(contents.subspan(at).first<kDelayOctets>());
      }
      return true;
    case kVoipMetrics:
      if (contents.size() != kVoipOctets) return false;
      visitor.onVoipMetrics(contents.first<kVoipOctets>());
      return true;
    default:
      return true;
  }
}

/// Sender and report blocks, each with type and length of its own (RFC 3611 §3).
bool walkExtendedReport(Octets body, RtcpVisitor& visitor) noexcept {
  if (body.size() < kSsrcOctets) return false;
  const std::uint32_t sender = readBig32(body, 0);
  Octets blocks = body.subspan(kSsrcOctets);
  while (!blocks.empty()) {
    if (blocks.size() < kHeaderOctets) return false;
    const std::size_t octets = kHeaderOctets + 4 * std::size_t{readBig16(blocks, 2)};
    if (blocks.size() < octets) return false;
    const Octets contents = blocks.first(octets).subspan(kHeaderOctets);
    if (!walkExtendedBlock(blocks[0], sender, contents, visitor)) return false;
    blocks = blocks.subspan(octets);
  }
  visitor.onSender(body.first<kSsrcOctets>());
  return true;
}

bool walkPacket(std::uint8_t type, std::uint8_t count, Octets body, RtcpVisitor& visitor) noexcept {
  switch (type) {
    case kSenderReport:
      return walkReport(body, count, kSenderReportOctets, visitor);
    case kReceiverReport:
      return walkReport(body, count, kSsrcOctets, visitor);
    case kSourceDescription:
      return walkSourceDescription(body, count, visitor);
    case kGoodbye:
      return walkGoodbye(body, count, visitor);
    case kApplication:
      // SSRC and four characters of a name (RFC 3550 §6.7).
      if (body.size() < 2 * kSsrcOctets) return false;
      visitor.onSender(body.first<kSsrcOctets>());
      return true;
    case kTransportFeedback:
    case kPayloadFeedback:
      return walkFeedback(static_cast<PacketType>(type), count, body, visitor);
    case kExtendedReport:
      return walkExtendedReport(body, visitor);
    case kInterarrivalJitter:
      return true;
    default:
      if (body.size() >= kSsrcOctets) visitor.onUnknownPacket(body.first<kSsrcOctets>());
      return true;
  }
}

class Nobody final : public RtcpVisitor {
 public:
  void onSender(std::span<std::uint8_t, 4>) noexcept override {}
  void onSenderReport(std::span<const std::uint8_t, 24>) noexcept override {}
  void onReportBlock(std::span<std::uint8_t, 24>) noexcept override {}
  void onSource(std::span<std::uint8_t, 4>) noexcept override {}
  void onNumberRange(std::span<std::uint8_t, 8>) noexcept override {}
  void onNack(std::uint32_t, std::span<std::uint8_t, 4>) noexcept override {}
  void onReferenceTime(std::uint32_t, std::span<const std::uint8_t, 8>) noexcept override {}
  void onReferenceDelay(std::span<std::uint8_t, 12>) noexcept override {}
  void onVoipMetrics(std::span<std::uint8_t, 32>) noexcept override {}
  void onUnknownPacket(std::span<std::uint8_t, 4>) noexcept override {}
};

}  // namespace

bool walkRtcp(std::span<std::uint8_t> compound, RtcpVisitor& visitor) noexcept {
  while (!compound.empty()) {
    if (compound.size() < kHeaderOctets) return false;
    const std::size_t octets = kHeaderOctets + 4 * std::size_t{readBig16(compound, 2)};
    if (compound.size() < octets) return false;
    const bool isPadded = (compound[0] & 0x20) != 0;
    const std::size_t padding = isPadded ? compound[octets - 1] : 0;
    if (octets < kHeaderOctets + padding) return false;
    const Octets body = compound.first(octets - padding).subspan(kHeaderOctets);
    if (!walkPacket(compound[1], compound[0] & 0x1f, body, visitor)) return false;
    compound = compound.subspan(octets);
  }
  return true;
}

bool hasSoundRtcpContents(std::span<std::uint8_t> compound) noexcept {
  Nobody nobody;
  return walkRtcp(compound, nobody);
}

}  // namespace sallyport::media
