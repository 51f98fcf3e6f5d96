#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <optional>

namespace sallyport::media {

/// When the last NTP timestamps of one sender passed us, by which the answer to one of them gives
/// the round trip from here to who answers (RFC 3550 §6.4.1 figure 2, RFC 3611 §4.5).
class ReferenceTimes {
 public:
  /// `middle`: the middle 32 bits of the NTP timestamp of a sender report or reference time.
  void remember(std::uint32_t middle, std::uint64_t atUs) noexcept {
    passed_[next_] = {middle, atUs};
    next_ = (next_ + 1) % passed_.size();
  }

  /// Microseconds on the way, when `last` is remembered: now minus then minus `delay`, in 65536ths
  /// of a second. Nothing when the delay claimed is longer than that, but for a clock's grain.
  [[nodiscard]] std::optional<std::uint32_t> roundTripUs(std::uint32_t last, std::uint32_t delay,
                                                         std::uint64_t nowUs) const noexcept;

 private:
  struct Passed {
    std::uint32_t middle = 0;
    std::uint64_t atUs = 0;
  };
  std::array<Passed, 4> passed_{};
  std::size_t next_ = 0;
};

}  // namespace sallyport::media
