#pragma once

#include <array>
#include <cstddef>
#include <cstdint>

namespace sallyport::srtp {

/// The cache lines that the cryptography of a packet touches, known beforehand. Of a thousand calls
/// none is in the nearer caches when its next packet comes, and libsrtp's way through a session is
/// one of pointers, each of which would be waited for; fetched together while another packet is
/// worked on they cost little.
class HotLines {
 public:
  /// Lines beyond the capacity are not fetched, which costs time and nothing else.
  void add(const void* start, std::size_t octets) noexcept {
    const auto first = reinterpret_cast<std::uintptr_t>(start) & ~(kLineOctets - 1);
    const auto end = reinterpret_cast<std::uintptr_t>(start) + octets;
    for (auto line = first; line < end && count_ < lines_.size(); line += kLineOctets) {
      lines_[count_++] = line;
    }
  }
  void clear() noexcept { count_ = 0; }
  [[nodiscard]] bool isEmpty() const noexcept { return count_ == 0; }
  [[nodiscard]] std::size_t size() const noexcept { return count_; }

  /// Harmless also where the memory is gone: a prefetch never faults.
  void prefetch() const noexcept {
    for (std::size_t i = 0; i < count_; ++i) {
      __builtin_prefetch(reinterpret_cast<const void*>(lines_[i]), 1);
    }
  }

  static constexpr std::uintptr_t kLineOctets = 64;

 private:
  std::array<std::uintptr_t, 24> lines_{};
  std::size_t count_ = 0;
};

/// Fetches an object of a known address.
template <typename T>
void prefetchObject(const T* object) noexcept {
  const auto* octets = reinterpret_cast<const char*>(object);
  for (std::size_t at = 0; at < sizeof(T); at += HotLines::kLineOctets) {
    __builtin_prefetch(octets + at, 1);
  }
}

}  // namespace sallyport::srtp
