#include "media/reception.h"

namespace sallyport::media {

void Reception::onPacket(SequenceNumbering::Order order, std::uint8_t payloadType,
                         std::size_t octets, std::uint32_t timestamp, std::uint32_t clockHz,
                         std::uint64_t atUs) noexcept {
  using Order = SequenceNumbering::Order;
  if (order == Order::duplicate) {
    ++duplicates_;
    return;
  }
  ++packets_;
  octets_ += octets;
  if (order == Order::late) ++reordered_;

  if (order == Order::restarted) hasTransit_ = false;
  if (clockHz == 0) return;
  payloadType_ = payloadType;
  if (clockHz != clockHz_) {
    clockHz_ = clockHz;
    scaledJitter_ = 0;
    hasTransit_ = false;
  }
  observeTransit(timestamp, atUs);
}

// RFC 3550 A.8: J += (|D| - J) / 16, in integers.
void Reception::observeTransit(std::uint32_t timestamp, std::uint64_t atUs) noexcept {
  // Packets of one frame share a timestamp and would count the sender's pacing (RFC 3550 §6.4.4).
  if (hasTransit_ && timestamp == lastTimestamp_) return;
  lastTimestamp_ = timestamp;

  const auto arrival = static_cast<std::uint32_t>(atUs / 1'000'000 * clockHz_ +
                                                  atUs % 1'000'000 * clockHz_ / 1'000'000);
  const std::uint32_t transit = arrival - timestamp;
  if (hasTransit_) {
    const auto difference = static_cast<std::int32_t>(transit - lastTransit_);
    const std::uint32_t magnitude =
        difference < 0 ? 0U - static_cast<std::uint32_t>(difference) : difference;
    // A jump of a second and more is a new time base of the sender, not the network.
    if (magnitude < clockHz_) scaledJitter_ += magnitude - ((scaledJitter_ + 8) >> 4);
  }
  lastTransit_ = transit;
  hasTransit_ = true;
}

}  // namespace sallyport::media
