#include "media/sequence-numbering.h"

namespace sallyport::media {

namespace {

constexpr std::int64_t kHalfCycle = 0x8000;

/// Enough to tell a duplicate from another packet of the same number.
constexpr std::uint16_t fold(std::uint32_t timestamp) noexcept {
  return static_cast<std::uint16_t>(timestamp >> 16 ^ timestamp);
}

}  // namespace

SequenceNumbering::Verdict SequenceNumbering::number(std::uint16_t sequenceNumber,
                                                     std::uint32_t timestamp,
                                                     bool isSent) noexcept {
  if (!hasStarted_) {
    hasStarted_ = true;
    firstReceived_ = highestReceived_ = sequenceNumber;
    if (!isContinued_) highestLeaving_ = sequenceNumber;
    const std::int64_t first =
        isContinued_ ? beginRunFor(sequenceNumber, isSent) : std::int64_t{sequenceNumber};
    take(first, timestamp, isSent);
    return {Order::ahead, static_cast<std::uint16_t>(first)};
  }

  const auto distance =
      static_cast<std::int16_t>(sequenceNumber - static_cast<std::uint16_t>(highestReceived_));
  const std::int64_t received = highestReceived_ + distance;
  std::int64_t leaving = received + present_.offset;
  if (distance > 0) {
    highestReceived_ = received;
    if (isSent && isTooFarToFollow(leaving)) {
      leaving = beginRunFor(received, isSent);
    } else {
      advance(leaving);
    }
    take(leaving, timestamp, isSent);
    return {Order::ahead, static_cast<std::uint16_t>(leaving)};
  }

  const std::size_t slot = slotOf(leaving);
  const bool isNear = distance > -static_cast<int>(kLatePackets) && leaving >= 0;
  if (!isNear) return restart(sequenceNumber, timestamp, isSent);
  if (isTaken_[slot]) {
    const bool isOfSender = leaving >= firstOfSender_;
    if (isOfSender && foldedTimestamps_[slot] == fold(timestamp)) return {Order::duplicate, 0};
    return restart(sequenceNumber, timestamp, isSent);
  }
  if (isSent && isTooFarToFollow(leaving)) return restart(sequenceNumber, timestamp, isSent);
  if (received < firstReceived_) firstReceived_ = received;
  take(leaving, timestamp, isSent);
  return {Order::late, static_cast<std::uint16_t>(leaving)};
}

SequenceNumbering::Verdict SequenceNumbering::restart(std::uint16_t sequenceNumber,
                                                      std::uint32_t timestamp,
                                                      bool isSent) noexcept {
  expectedBefore_ = expectedPackets();
  ++restarts_;
  firstReceived_ = highestReceived_ = sequenceNumber;
  const std::int64_t leaving = beginRunFor(sequenceNumber, isSent);
  take(leaving, timestamp, isSent);
  return {Order::restarted, static_cast<std::uint16_t>(leaving)};
}

void SequenceNumbering::onOtherStream() noexcept {
  onSenderChange();
  isContinued_ = isContinued_ || hasStarted_;
  hasStarted_ = false;
  restarts_ = 0;
  expectedBefore_ = 0;
}

std::int64_t SequenceNumbering::beginRunFor(std::int64_t received, bool isSent) noexcept {
  std::int64_t leaving = highestLeaving_ + 1;
  if (isSent && isTooFarToFollow(leaving)) {
    leaving = highestSent_ + 1;
    highestLeaving_ = leaving;
    isTaken_.set();  // which of those below were sent is no longer known
  } else {
    advance(leaving);
  }
  isIdentity_ = false;
  last_ = present_;
  present_ = {leaving, leaving - received};
  return leaving;
}

bool SequenceNumbering::isTooFarToFollow(std::int64_t leaving) const noexcept {
  return hasSent_ && leaving - highestSent_ >= kHalfCycle;
}

/// Frees the places of the numbers that `leaving` passes over.
void SequenceNumbering::advance(std::int64_t leaving) noexcept {
  if (leaving - highestLeaving_ >= static_cast<std::int64_t>(kLatePackets)) {
    isTaken_.reset();
  } else {
    for (std::int64_t next = highestLeaving_ + 1; next <= leaving; ++next) {
      isTaken_.reset(slotOf(next));
    }
  }
  highestLeaving_ = leaving;
}

void SequenceNumbering::take(std::int64_t leaving, std::uint32_t timestamp, bool isSent) noexcept {
  isTaken_.set(slotOf(leaving));
  foldedTimestamps_[slotOf(leaving)] = fold(timestamp);
  if (!isSent) return;
  if (!hasSent_ || leaving > highestSent_) highestSent_ = leaving;
  hasSent_ = true;
}

std::int64_t SequenceNumbering::extend(std::uint16_t sentNumber) const noexcept {
  return highestLeaving_ +
         static_cast<std::int16_t>(sentNumber - static_cast<std::uint16_t>(highestLeaving_));
}

std::uint16_t SequenceNumbering::original(std::uint16_t sentNumber) const noexcept {
  const std::int64_t leaving = extend(sentNumber);
  return static_cast<std::uint16_t>(leaving - runOf(leaving).offset);
}

std::uint32_t SequenceNumbering::originalExtended(std::uint32_t sentNumber) const noexcept {
  if (isIdentity_) return sentNumber;
  const std::int64_t leaving = extend(static_cast<std::uint16_t>(sentNumber));
  return static_cast<std::uint32_t>(leaving - runOf(leaving).offset);
}

bool SequenceNumbering::isSameRun(std::uint16_t one, std::uint16_t other) const noexcept {
  return &runOf(extend(one)) == &runOf(extend(other));
}

std::uint64_t SequenceNumbering::expectedPackets() const noexcept {
  if (!hasStarted_) return 0;
  return expectedBefore_ + static_cast<std::uint64_t>(highestReceived_ - firstReceived_ + 1);
}

}  // namespace sallyport::media
