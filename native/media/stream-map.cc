#include "media/stream-map.h"

#include <openssl/rand.h>

#include "base/big-endian.h"
#include "media/rtcp-mapping.h"
#include "media/rtcp-reading.h"
#include "media/rtcp-walk.h"

namespace sallyport::media {

namespace {

constexpr std::size_t kSequenceNumberAt = 2;
constexpr std::size_t kTimestampAt = 4;
constexpr std::size_t kSsrcAt = 8;
constexpr std::size_t kRtcpSsrcAt = 4;

}  // namespace

bool StreamMap::admitsRtp(std::size_t leg, std::span<const std::uint8_t> packet,
                          std::uint64_t atUs) {
  return hear(leg, readBig32(packet, kSsrcAt), atUs) != nullptr;
}

std::optional<DropReason> StreamMap::carryRtp(std::size_t leg, std::span<std::uint8_t> packet,
                                              bool isSent, std::uint64_t atUs) {
  Stream* stream = hear(leg, readBig32(packet, kSsrcAt), atUs);
  if (stream == nullptr) return DropReason::tooManySources;

  const std::uint16_t sequenceNumber = readBig16(packet, kSequenceNumberAt);
  const std::uint32_t timestamp = readBig32(packet, kTimestampAt);
  const auto verdict = stream->numbering.number(sequenceNumber, timestamp, isSent);
  const std::uint8_t payloadType = packet[1] & 0x7f;
  stream->reception.onPacket(verdict.order, payloadType, packet.size(), timestamp,
                             tables_[leg].clocks.clockHz(payloadType), atUs);
  if (verdict.order == SequenceNumbering::Order::duplicate) return DropReason::replayed;

  if (verdict.sequenceNumber != sequenceNumber) {
    writeBig16(packet, kSequenceNumberAt, verdict.sequenceNumber);
  }
  if (stream->sentSsrc != stream->ssrc) writeBig32(packet, kSsrcAt, stream->sentSsrc);
  return std::nullopt;
}

std::optional<DropReason> StreamMap::carryRtcp(std::size_t leg, std::span<std::uint8_t> compound,
                                               std::uint64_t atUs) {
  if (!hasSoundRtcpContents(compound)) return DropReason::malformed;
  // SRTCP counts its index for the first SSRC of a compound (RFC 3711 §3.4).
  if (hear(leg, readBig32(compound, kRtcpSsrcAt), atUs) == nullptr) {
    return DropReason::tooManySources;
  }
  StreamTable& sending = tables_[leg];
  StreamTable& heard = tables_[1 - leg];
  RtcpReading reading(sending, heard, atUs);
  RtcpMapping mapping(sending, heard);
  (void)walkRtcp(compound, reading);
  (void)walkRtcp(compound, mapping);
  return std::nullopt;
}

Stream* StreamMap::hear(std::size_t leg, std::uint32_t ssrc, std::uint64_t atUs) {
  StreamTable& table = tables_[leg];
  Stream* stream = table.find(ssrc);
  if (stream == nullptr) {
    stream = table.isFull() ? table.replaceSilent(ssrc, atUs) : add(leg, ssrc);
    if (stream == nullptr) return nullptr;
    giveWayTo(ssrc, 1 - leg);
  }
  stream->heardUs = atUs;
  return stream;
}

Stream* StreamMap::add(std::size_t leg, std::uint32_t ssrc) {
  const auto sentSsrc = isTaken(leg, ssrc) ? freshSsrc(leg) : ssrc;
  return sentSsrc ? &tables_[leg].add(ssrc, *sentSsrc) : nullptr;
}

/// The peer that streams of `leg` go to sends with `ssrc` itself: one of ours that has it leaves
/// with another.
void StreamMap::giveWayTo(std::uint32_t ssrc, std::size_t leg) noexcept {
  Stream* colliding = tables_[leg].findSent(ssrc);
  if (colliding == nullptr || colliding->reassignments == kMaxReassignments) return;
  if (const auto fresh = freshSsrc(leg)) tables_[leg].reassign(*colliding, *fresh);
}

/// True when streams that arrive on `leg` cannot leave with `sentSsrc`: the other peer sends with
/// it, or another stream leaves with it, or did.
bool StreamMap::isTaken(std::size_t leg, std::uint32_t sentSsrc) noexcept {
  return tables_[1 - leg].find(sentSsrc) != nullptr || tables_[leg].hasSentWith(sentSsrc);
}

std::optional<std::uint32_t> StreamMap::freshSsrc(std::size_t leg) noexcept {
  constexpr int kTries = 8;
  for (int i = 0; i < kTries; ++i) {
    std::array<std::uint8_t, 4> octets{};
    if (RAND_bytes(octets.data(), octets.size()) != 1) return std::nullopt;
    const std::uint32_t candidate = readBig32(octets, 0);
    // Not one that the same side sends with either: it would be taken for a stream of its own.
    if (!isTaken(leg, candidate) && tables_[leg].find(candidate) == nullptr) return candidate;
  }
  return std::nullopt;
}

}  // namespace sallyport::media
