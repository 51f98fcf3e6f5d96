#pragma once

#include <cstdint>
#include <optional>

namespace sallyport::media {

/// Tells once for each silence that nothing came for a time; again when packets came and ceased.
class SilenceWatch {
 public:
  /// 0: never.
  void setTimeout(std::uint32_t timeoutMs) noexcept { timeoutMs_ = timeoutMs; }
  void onPacket(std::uint64_t nowMs) noexcept {
    silentSinceMs_ = nowMs;
    isTold_ = false;
  }
  /// True when the time has run out and that was not told yet. While nothing is expected (a hold)
  /// the time stands still, and afterwards it starts anew.
  [[nodiscard]] bool isDue(std::uint64_t nowMs, bool isExpected) noexcept {
    if (timeoutMs_ == 0 || !isExpected) {
      silentSinceMs_.reset();
      isTold_ = false;
      return false;
    }
    if (!silentSinceMs_) silentSinceMs_ = nowMs;
    if (isTold_ || nowMs - *silentSinceMs_ < timeoutMs_) return false;
    isTold_ = true;
    return true;
  }

 private:
  std::uint32_t timeoutMs_ = 0;
  std::optional<std::uint64_t> silentSinceMs_;
  bool isTold_ = false;
};

}  // namespace sallyport::media
