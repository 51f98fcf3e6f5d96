#pragma once

#include <cstddef>
#include <cstdint>
#include <vector>

namespace sallyport::media {

/// The SSRCs that a leg of plain RTP hears, so many at most. One that speaks is never pushed out by
/// new ones; one that has been silent for long gives way when the table is full.
class SourceTable {
 public:
  static constexpr std::uint64_t kSilentMs = 30'000;

  /// What is known stays known, also beyond a lower limit. Allocates.
  void limit(std::size_t maxSources);
  /// False when `ssrc` is new and there is no place for it. Never allocates.
  [[nodiscard]] bool admits(std::uint32_t ssrc, std::uint64_t nowMs) noexcept;

 private:
  struct Source {
    std::uint32_t ssrc;
    std::uint64_t heardMs;
  };

  std::vector<Source> sources_;
  std::size_t maxSources_ = 0;
  /// Where the last one was: it is most often the next.
  std::size_t last_ = 0;
};

}  // namespace sallyport::media
