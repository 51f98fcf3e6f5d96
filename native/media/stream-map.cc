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

/// A peer that takes each SSRC that we turn to is no accident but a loop of our packets; it is not
/// followed for ever (RFC 3550 §8.2).
constexpr std::uint8_t kMaxReassignments = 2;

}  // namespace

std::optional<DropReason> StreamMap::carryRtp(std::size_t leg, std::span<std::uint8_t> packet,
                                              bool isSent, std::uint64_t atUs) {
  Stream* stream = findOrAdd(leg, readBig32(packet, kSsrcAt));
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
  if (findOrAdd(leg, readBig32(compound, kRtcpSsrcAt)) == nullptr) {
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

Stream* StreamMap::findOrAdd(std::size_t leg, std::uint32_t ssrc) {
  StreamTable& table = tables_[leg];
  if (Stream* stream = table.find(ssrc)) return stream;
  if (table.isFull()) return nullptr;

  const auto sentSsrc = isTaken(leg, ssrc) ? freshSsrc(leg) : ssrc;
  if (!sentSsrc) return nullptr;
  Stream& added = table.add(ssrc, *sentSsrc);

  // The peer sends with an SSRC that we send to it with: ours gives way.
  const std::size_t other = 1 - leg;
  Stream* colliding = tables_[other].findSent(ssrc);
  if (colliding != nullptr && colliding->reassignments < kMaxReassignments) {
    if (const auto fresh = freshSsrc(other)) {
      colliding->sentSsrc = *fresh;
      ++colliding->reassignments;
    }
  }
  return &added;
}

/// True when streams that arrive on `leg` cannot leave with `sentSsrc`: the other peer sends with
/// it, or another stream leaves with it.
bool StreamMap::isTaken(std::size_t leg, std::uint32_t sentSsrc) noexcept {
  return tables_[1 - leg].find(sentSsrc) != nullptr || tables_[leg].findSent(sentSsrc) != nullptr;
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
